// Which catalogue of prices this program has, and of when. The package says nothing of its date: both are set here whenever it is updated.

/** `date`: when this version of the package was published, UTC. A test fails when another version is installed. */
export const catalogueVersion = { name: "@pydantic/genai-prices", version: "0.1.8", date: "2026-09-23" } as const;
