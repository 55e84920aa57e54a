// Why a manifest could not be had, in words that may be shown to anybody.

/** How far the fetch came. `file`: of a manifest that is a file, everything before its content. */
export type ManifestStage = "dns" | "connect" | "tls" | "http" | "file" | "parse";

/** `detail` is a sentence without URL, path, credential or a piece of the manifest. */
export class ManifestFailure extends Error {
  readonly stage: ManifestStage;
  readonly detail: string;

  constructor(stage: ManifestStage, detail: string) {
    super(`${stage}: ${detail}`);
    this.name = "ManifestFailure";
    this.stage = stage;
    this.detail = detail;
  }
}
