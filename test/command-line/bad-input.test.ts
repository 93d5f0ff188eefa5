import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { defaultTraining } from '@noren/protocol';
import { presetPlan } from '@noren/recommender';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { tinyArchitecture, tinyBackbone } from '../../packages/cli/src/testing/tiny-backbone.ts';
import { killAll, noren, type Finished } from '../federation/noren-process.ts';

/** Each wrong input ends with one clear message, a non-zero exit code and nothing half-written. */
describe('the command line and wrong input', () => {
  let folder: string;

  const run = (...args: string[]): Promise<Finished> => noren(args).finished;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'noren-input-'));
  });

  afterAll(async () => {
    await killAll();
    await rm(folder, { recursive: true, force: true });
  });

  test('a folder without the upstream files says which files are expected', async () => {
    const home = join(folder, 'no-data');
    const { code, stderr } = await run('demo', '--data', 'hm', '--path', join(folder, 'nowhere'), '--home', home);
    expect(code).toBeGreaterThan(0);
    expect(stderr).toMatch(/transactions_train\.csv/);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect(await readdir(home, { recursive: true })).not.toContainEqual(
      expect.stringMatching(/prepared|backbone|coordinator/),
    );
  });

  test('data without a path is a usage error', async () => {
    const { code, stderr } = await run('demo', '--data', 'uci-online-retail');
    expect(code).toBe(2);
    expect(stderr).toMatch(/needs --path/);
  });

  test('a private plan says what its rounds cost, and one with local groups is not made', async () => {
    const backbone = join(folder, 'private-backbone.safetensors');
    await writeFile(backbone, tinyBackbone());
    const make = (preset: string): Promise<Finished> =>
      run('plan', 'new', preset, '--private', '100000', '--clipping', 'adaptive', '--backbone', backbone);
    const file = join(folder, 'private.json');
    await writeFile(file, (await make('fine-tune')).stdout);
    const { code, stdout } = await run('--json', 'plan', 'privacy', file, '--rounds', '20', '--target-epsilon', '2');
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as {
      rounds: { epsilon: number; tight: number }[];
      noiseMultiplier: number;
      updateNoiseMultiplier: number;
      target: unknown;
    };
    // The count of those who were not clipped takes a part of what a round costs.
    expect(report.updateNoiseMultiplier).toBeGreaterThan(report.noiseMultiplier);
    expect(report.rounds).toHaveLength(1);
    expect(report.rounds[0]?.tight).toBeLessThan(report.rounds[0]?.epsilon ?? 0);
    expect(report.target).toMatchObject({ epsilon: 2, rounds: 20, noiseMultiplier: expect.any(Number) });
    const { code: refused, stderr } = await make('fedper');
    expect(refused).toBe(1);
    expect(stderr).toMatch(/no local groups/);
  });

  test('an unknown plan preset names the known ones', async () => {
    const { code, stderr } = await run('demo', '--plan', 'fine-tuna', '--home', join(folder, 'preset'));
    expect(code).toBe(2);
    expect(stderr).toMatch(/"fine-tuna".*fine-tune, fine-tune-items, relearn, ant/);
  });

  test('a plan that names an unknown group is refused with the groups of the backbone', async () => {
    const backbone = join(folder, 'backbone.safetensors');
    await writeFile(backbone, tinyBackbone());
    const template = presetPlan('fine-tune', tinyArchitecture, defaultTraining('fine-tune', {}));
    const plan = join(folder, 'plan.json');

    await writeFile(plan, JSON.stringify(template));
    expect(await run('plan', 'check', plan, '--backbone', backbone)).toMatchObject({ code: 0 });

    const wrong = {
      ...template,
      groups: { ...template.groups, 'item.sound': { start: 'reinit', scope: 'federated' } },
    };
    await writeFile(plan, JSON.stringify(wrong));
    const { code, stderr } = await run('plan', 'check', plan, '--backbone', backbone);
    expect(code).toBe(1);
    expect(stderr).toMatch(/item\.sound/);
    expect(stderr).toMatch(/item\.text/);
  });

  test('a port in use is named, with the setting that changes it', async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
    const { port } = blocker.address() as AddressInfo;
    const home = join(folder, 'coordinator');
    await mkdir(home);
    const settings = { name: 'test', grpcPort: 0, enrolmentPort: 0, consolePort: port };
    await writeFile(join(home, 'coordinator.json'), JSON.stringify(settings));
    const { code, stderr } = await run('up', '--home', home);
    await new Promise((resolve) => blocker.close(resolve));
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`Port ${port} .* in use.*consolePort`));
  });

  test('a configuration with an unknown setting is refused by name', async () => {
    const home = join(folder, 'misspelt');
    await mkdir(home);
    await writeFile(join(home, 'coordinator.json'), JSON.stringify({ name: 'test', grpcPrt: 7443 }));
    const { code, stderr } = await run('up', '--home', home);
    expect(code).toBe(1);
    expect(stderr).toMatch(/grpcPrt/);
    expect(await readdir(home)).toEqual(['coordinator.json']);
  });

  test('an invitation that is none leaves no identity behind', async () => {
    const invitation = join(folder, 'invitation.json');
    await writeFile(invitation, '{"version":1}');
    const home = join(folder, 'agent');
    const { code, stderr } = await run('site', 'join', '--invitation', invitation, '--home', home);
    expect(code).toBe(1);
    expect(stderr).toMatch(/invitation/i);
    expect(await readdir(home).catch(() => [])).not.toContain('identity');
  });
});
