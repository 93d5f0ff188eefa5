/**
 * The messages of the masking protocol, field for field those of proto/noren/v1/secure_aggregation.proto.
 *
 * U1, U2, U3 are the sets of Bonawitz et al. (CCS 2017, figure 4): the sites that advertised keys, that also shared
 * their secrets, whose masked vector also arrived. R0 to R4 are the figure's rounds 0 to 4. Sites are numbered 0 .. n-1 by
 * their place in U1 in ascending order of site id (by UTF-16 code unit). Of a cohort that is divided into groups every group is
 * a round of its own, with its own U1, U2 and U3. A site's neighbours are all others of U1, in a large flat cohort some of them
 * (see `MaskingGraph`).
 */

/** R0, site to coordinator. All keys live for one round. */
export interface KeyAdvertisement {
  readonly roundId: string;
  readonly siteId: string;
  /** X25519, 32 bytes; encrypts shares between sites. Never revealed. */
  readonly channelKey: Uint8Array;
  /** X25519, 32 bytes; seeds pair masks. Its private half is reconstructed when the site drops out. */
  readonly maskKey: Uint8Array;
  /** SHA-256 commitment to the self mask seed, 32 bytes. */
  readonly selfMaskCommitment: Uint8Array;
  /** 16 random bytes. */
  readonly nonce: Uint8Array;
  /** Ed25519 by the site's identity, 64 bytes. */
  readonly signature: Uint8Array;
}

/** R1, coordinator to site: U1, with the keys of the site itself, its neighbours and those whose signatures vouch for U3. */
export interface KeyRoster {
  readonly roundId: string;
  /** In ascending order of site id. */
  readonly advertisements: readonly KeyAdvertisement[];
  /** Ed25519 public identity key (32 bytes) of each site, in the same order. */
  readonly identityKeys: readonly Uint8Array[];
  /**
   * Ids of the sites of all groups, ascending, from which a site finds its group and its neighbours; empty where those shown are
   * all of them.
   */
  readonly cohort: readonly string[];
}

/** What one site entrusts to another, under a key only those two have. */
export interface SealedShare {
  /** Roster numbers. */
  readonly from: number;
  readonly to: number;
  /** AES-256-GCM over a share of the self mask seed and a share of the private mask key: 82 bytes. */
  readonly ciphertext: Uint8Array;
}

/** R1, site to coordinator: one sealed share for every neighbour, ascending by `to`. */
export interface SealedShares {
  readonly roundId: string;
  /** SHA-256 over the key roster the site saw. */
  readonly rosterHash: Uint8Array;
  readonly shares: readonly SealedShare[];
  readonly signature: Uint8Array;
}

/** R2, coordinator to site: who goes on, and the shares addressed to it. */
export interface ShareDelivery {
  readonly roundId: string;
  /** U2, roster numbers, ascending. */
  readonly sharingSites: readonly number[];
  /** One from every neighbour in U2, ascending by `from`. */
  readonly shares: readonly SealedShare[];
}

/** R2, site to coordinator, ahead of the masked vector's chunks. */
export interface MaskedHeader {
  readonly roundId: string;
  readonly planHash: Uint8Array;
  /** Ring elements in the masked vector. */
  readonly length: number;
  /** SHA-256 of each chunk, in order. */
  readonly chunkHashes: readonly Uint8Array[];
  readonly rosterHash: Uint8Array;
  readonly signature: Uint8Array;
}

/** R3, coordinator to site, in active groups: whose vectors are in the sum. */
export interface ConsistencyRequest {
  readonly roundId: string;
  /** U3, roster numbers, ascending. */
  readonly survivors: readonly number[];
}

/** R3, site to coordinator: the site was told these survivors, and will reveal for no others. */
export interface SurvivorSignature {
  readonly roundId: string;
  /** Ed25519 over the key roster, U2 and U3, which both ends know; 64 bytes. */
  readonly signature: Uint8Array;
}

/** What one site's signature is to the others. */
export interface SurvivorWitness {
  /** Roster number of the site that signed. */
  readonly site: number;
  readonly signature: Uint8Array;
}

/** R4, coordinator to site. */
export interface RevealRequest {
  readonly roundId: string;
  /** U3, roster numbers, ascending. */
  readonly survivors: readonly number[];
  /** In active groups as many of the signers as it takes, or more, ascending by `site`; in passive ones none. */
  readonly witnesses: readonly SurvivorWitness[];
}

/** One of a site's two secrets, never both: the message cannot even say it. */
export interface RevealedShare {
  /** Roster number of the site whose secret this is a share of. */
  readonly of: number;
  /** `self-mask` if that site survived, `mask-key` if it dropped out; 33 bytes. */
  readonly share: { readonly kind: 'self-mask' | 'mask-key'; readonly value: Uint8Array };
}

/** R4, site to coordinator: for each neighbour in U2 and the site itself exactly one share, ascending by `of`. */
export interface RevealedShares {
  readonly roundId: string;
  readonly shares: readonly RevealedShare[];
  readonly signature: Uint8Array;
}
