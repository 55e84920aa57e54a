// What the manual says above a section's table, where a table alone would leave its reader with questions. A test loads the examples.

export const sectionTexts: Readonly<Record<string, string>> = {
  identity: `Callers may prove who they are with tokens that they have already, instead of keys of Headgate. Each caller becomes a user at the
first call, with the groups that the provider names; what they may use is what \`everyone\` and their groups may. Globus is set up
with the variables below; the rest here:

\`\`\`yaml
identity:
  oidc: # JWTs of any OpenID provider
    - issuer: https://login.example.org
      audience: headgate
      groups_claim: groups
  introspection: # opaque OAuth2 tokens (RFC 7662)
    - url: https://sso.example.org/oauth2/introspect
      client_id: headgate
      client_secret: \${INTROSPECTION_SECRET}
      audience: headgate
      scope: inference
\`\`\`

- A token is only taken when it was made for Headgate, so ask the provider for an audience (or a scope) of its own. Without either,
  a token that somebody gave to another application opens this one too.
- Users are told apart by issuer and subject. Two entries with the same issuer or URL are an error: list the audiences instead.
- \`proxy_header\` is for a proxy that signs people in. It has to remove both headers from what callers send, and Headgate has to be
  out of reach except through it; from other addresses than \`trusted_proxies\` the headers are ignored.
- Providers are asked when a token comes for the first time, not at the start: one that is away does not keep Headgate from starting.`,

  manifests: `A manifest is a JSON document at a URL or in a file that says which model endpoints there are. Headgate looks at it again and again,
makes its entries into endpoints, and keeps the last good copy for the time when it can't be had. [METIS_STATUS_URL](#of-the-direct-api-gateway)
makes one without a config file.

\`\`\`yaml
manifests:
  - name: research
    url: https://status.example.org/status.json
    headers: { authorization: "Bearer \${STATUS_TOKEN}" }
    allowed_hosts: [api.openai.com, api.anthropic.com]
    tokens:
      openai-production: \${OPENAI_API_KEY}
      anthropic-production: \${ANTHROPIC_API_KEY}
\`\`\`

- Whoever may change the manifest decides where the providers' keys are sent: \`allowed_hosts\` keeps them at home.
- \`\${VARIABLE}\` works here, in the config file, but never inside the manifest itself.
- An entry whose \`endpoint_id\` has no key is not called. Headers stay in memory; keys go into the database encrypted, as those of all endpoints.
- One that is taken out of the file is gone at the next start, with its endpoints.`,
};

/** Above the table of the direct-API gateway's variables. */
export const gatewayVariablesText = `With these alone, and no config file, Headgate serves Argonne's guide for direct API access. In a \`.env\` file:

\`\`\`
METIS_STATUS_URL="https://status.example.org/status.json"
METIS_API_TOKENS='{"openai-production": "sk-proj-…", "anthropic-production": "sk-ant-…"}'
GLOBUS_APPLICATION_ID="…"
GLOBUS_APPLICATION_SECRET="…"
AUTHORIZED_IDP_DOMAINS="uni.edu, lab.gov"
RATE_LIMIT_PER_SEC_PER_USER=10
\`\`\`

- JSON belongs in single quotes there; it may go over several lines. What is not understood stops the start, with the variable's name
  and without its content.
- Lists are separated by spaces, commas, \`;\` or newlines, or are JSON lists.
- A relative path in \`METIS_STATUS_URL\` begins at the config file's directory, or at the working directory without one.
- Rules about Globus users without \`GLOBUS_APPLICATION_ID\` are an error, since nothing would enforce them. With it and without
  \`AUTHORIZED_IDP_DOMAINS\`, \`GLOBUS_GROUPS\` or \`GLOBUS_POLICIES\`, every Globus user may call: the start warns of that, or refuses
  with \`identity: { require_rule: true }\`.
- All rules that are set must be met. \`GLOBUS_GROUPS\` asks for one of its groups, \`GLOBUS_POLICIES\` for all of its policies.`;
