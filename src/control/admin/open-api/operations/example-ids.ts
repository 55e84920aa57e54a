// Ids and times of the examples: the same thing has the same id in all of them.

export const exampleIds = {
  endpoint: "ep_01a1f3c05b7e7d3c9a41f0c2d8e6b713",
  secondEndpoint: "ep_01a1f3c05b7e7d3c9a41f0c2d8e6b714",
  deployment: "dep_01a1f3c05c117a52b6d0a8e3f9127c44",
  secondDeployment: "dep_01a1f3c05c117a52b6d0a8e3f9127c45",
  model: "mdl_01a1f3c05c0f7bb0a6f5e2d19c3b8470",
  virtualModel: "mdl_01a1f3c9e2d57f41b7c3a09be86d1f52",
  syncRun: "run_01a1f3c05b9a7c18ae4f6b2d0c9e7135",
  key: "key_01a1f3d2a6c47e90b1d8f5a3c07e2b64",
  user: "usr_01a1f3d0b8f27a6c95e1c4d7b30a9f28",
  group: "grp_01a1f3cfd4e97b35a8f2e6c1d09b7a43",
  manifest: "mft_01a1f3e7c9b17d24a0c6f8e5d3b29170",
  request: "req_01a1f40b7d3e7c62a9b5e8f1c4d07a36",
  attempt: "att_01a1f40b7d417f0b8c2e6a9d5f3b1c70",
  session: "ses_01a1f3f8e6a27b59c0d4f1e7a8b36c92",
  auditEntry: "aud_01a1f3d2a6d07c81b5e9f4a2c6d3b078",
  export: "exp_01a1f41c5e8b7a93d0c7f2e6b4a1d958",
} as const;

export const exampleTimes = {
  made: "2026-11-20T09:14:07.412Z",
  changed: "2026-11-20T16:02:55.980Z",
  now: "2026-11-21T10:30:00.000Z",
  soon: "2026-12-21T10:30:00.000Z",
} as const;
