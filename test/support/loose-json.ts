// JSON of whatever shape: tests look into bodies field by field and fail on what isn't there.

// biome-ignore lint/suspicious/noExplicitAny: the one place; a type for every provider's every body would test nothing
export type LooseJson = any;
