/** A site's place in the roster. A number that comes in a message becomes one only through `Roster.sites`. */
export type SiteNumber = number & { readonly __brand: 'SiteNumber' };
