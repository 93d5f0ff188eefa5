import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { certificateValidity } from '@noren/protocol';
import { expect, test } from 'vitest';
import { verifyLedger } from '../ledger/verify.ts';
import { temporaryFolder } from '../testing/folders.ts';
import { ScriptedCoordinator } from '../testing/scripted-coordinator.ts';
import { readIdentity } from './identity.ts';
import { joinFederation, replaceTls } from './join.ts';

test('joining leaves a complete identity that only its owner can read', async () => {
  const coordinator = await ScriptedCoordinator.start();
  const home = join(temporaryFolder(), 'new', 'home');
  const identity = await joinFederation(home, coordinator.invite('ginza'));
  expect(identity).toMatchObject({ federation: 'harbour', siteId: 'ginza', planKey: coordinator.planKey });
  expect(identity).toEqual(await readIdentity(home));
  expect(certificateValidity(identity.tls.certificate).notAfter.getTime()).toBeGreaterThan(Date.now());
  const files = readdirSync(join(home, 'identity'));
  expect(files.sort()).toEqual(['authority.pem', 'federation.json', 'identity-key.pem', 'tls.pem']);
  for (const file of files) expect(statSync(join(home, 'identity', file)).mode & 0o777).toBe(0o600);
});

test('the enrolment is the first entry of the ledger, without the invitation’s token', async () => {
  const coordinator = await ScriptedCoordinator.start();
  const home = temporaryFolder();
  const invitation = coordinator.invite('ginza');
  await joinFederation(home, invitation);
  expect(await verifyLedger(home)).toMatchObject({ entries: 1, problem: null });
  const everything = ['ledger.jsonl', 'state.json', 'identity/federation.json'].map((file) => join(home, file));
  for (const file of everything) expect(readFileSync(file, 'utf8')).not.toContain(invitation.token);
});

test('an enrolment that fails leaves no identity, and another invitation still works', async () => {
  const coordinator = await ScriptedCoordinator.start();
  const home = temporaryFolder();
  const used = coordinator.invite('ginza');
  await joinFederation(temporaryFolder(), used);
  await expect(joinFederation(home, used)).rejects.toMatchObject({
    code: 'enrolment-failed',
    message: expect.stringMatching(/did not join.*used already/),
  });
  expect(readdirSync(home).filter((name) => name.startsWith('identity'))).toEqual([]);
  await expect(readIdentity(home)).rejects.toMatchObject({ code: 'not-joined' });
  await joinFederation(home, coordinator.invite('ginza'));
  expect(await verifyLedger(home)).toMatchObject({ entries: 2, problem: null });
});

test('a home joins once', async () => {
  const coordinator = await ScriptedCoordinator.start();
  const home = temporaryFolder();
  await joinFederation(home, coordinator.invite('ginza'));
  const before = readFileSync(join(home, 'identity/identity-key.pem'));
  await expect(joinFederation(home, coordinator.invite('shibuya'))).rejects.toMatchObject({ code: 'already-joined' });
  expect(readFileSync(join(home, 'identity/identity-key.pem'))).toEqual(before);
  expect(existsSync(join(home, 'agent.lock'))).toBe(false);
});

test('a renewed certificate replaces key and certificate together', async () => {
  const coordinator = await ScriptedCoordinator.start();
  const [home, other] = [temporaryFolder(), temporaryFolder()];
  await joinFederation(home, coordinator.invite('ginza'));
  const { tls } = await joinFederation(other, coordinator.invite('shibuya'));
  await replaceTls(home, tls.key, tls.certificate);
  expect(await readIdentity(home)).toMatchObject({ siteId: 'ginza', tls });
});
