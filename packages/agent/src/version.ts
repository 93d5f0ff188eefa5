/** What a site tells its coordinator about its software; the version of this package. */
export const AGENT_VERSION = '0.1.0';
