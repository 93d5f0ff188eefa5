import { expect, test } from 'vitest';
import { isHome } from './home-site.ts';

const sites = ['aoyama', 'harbour', 'north', 'ueno'];
const homes = { salt: '0123456789abcdef'.repeat(4), sites };
const customers = Array.from({ length: 2000 }, (_, number) => `card-${number}`);
const homesOf = (customer: string, of = homes): string[] => of.sites.filter((site) => isHome(customer, site, of));

test('every customer is at home at exactly one site, and every site is home to its share', () => {
  const counts = new Map(sites.map((site) => [site, 0]));
  for (const customer of customers) {
    const found = homesOf(customer);
    expect(found).toHaveLength(1);
    counts.set(found[0] ?? '', (counts.get(found[0] ?? '') ?? 0) + 1);
  }
  // 500 expected; six standard deviations of a binomial count.
  for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(6 * Math.sqrt(2000 * 0.25 * 0.75));
});

test('a site that leaves moves its own customers only', () => {
  const fewer = { ...homes, sites: sites.filter((site) => site !== 'ueno') };
  for (const customer of customers.slice(0, 300)) {
    const [before] = homesOf(customer);
    if (before !== 'ueno') expect(homesOf(customer, fewer)).toEqual([before]);
  }
});

test('another salt gives other homes; without homes everyone counts everywhere', () => {
  const other = { ...homes, salt: 'f'.repeat(64) };
  const moved = customers.filter((customer) => homesOf(customer)[0] !== homesOf(customer, other)[0]);
  expect(moved.length).toBeGreaterThan(1300);
  expect(sites.every((site) => isHome('card-1', site, null))).toBe(true);
  expect(isHome('card-1', 'elsewhere', homes)).toBe(false);
});
