// Headgate's mark, as the address of a hashed file.
export const iconUrl = new URL("../icon.svg", import.meta.url).href;
