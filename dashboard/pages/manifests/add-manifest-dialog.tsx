// Follows a manifest: where it is, how often it is fetched, what it may point to, and the keys of its endpoints.
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import type { ManifestBody } from "../../../src/api/manifests.ts";
import { post } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { Dialog } from "../../components/dialog.tsx";
import { Form, TextArea, TextField } from "../../components/form.tsx";
import { toast } from "../../components/toasts.tsx";
import { recordOf, type SecretPair, SecretPairs } from "./secret-pairs.tsx";

export function AddManifestDialog({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [name, setName] = useState("");
  const [url, setUrl] = useState("");
  const [interval, setInterval] = useState("");
  const [hosts, setHosts] = useState("");
  const [headers, setHeaders] = useState<readonly SecretPair[]>([]);
  const [tokens, setTokens] = useState<readonly SecretPair[]>([]);
  const create = () =>
    post<ManifestBody>("/manifests", {
      name: name.trim(),
      url: url.trim(),
      interval: interval.trim() || null,
      allowed_hosts: hosts.split(/[\s,]+/).filter((host) => host !== ""),
      headers: recordOf(headers),
      tokens: recordOf(tokens),
    });
  return (
    <Dialog
      title="Add a manifest"
      description="It is fetched at once. If that fails it stays, and is tried again."
      onClose={onClose}
      isWide
    >
      <Form
        submitLabel="Add manifest"
        onSubmit={create}
        onDone={(made) => {
          void queryClient.invalidateQueries({ queryKey: ["manifests"] });
          void queryClient.invalidateQueries({ queryKey: ["endpoints"] });
          toast(made.status === "ok" ? `“${made.name}” is followed.` : `“${made.name}” was added, but could not be fetched yet.`);
          void navigate({ to: "/manifests/$id", params: { id: made.id } as never });
        }}
        onCancel={onClose}
      >
        <div className="grid grid-cols-1 gap-4 md:grid-cols-2">
          <TextField
            label="Name"
            name="name"
            required
            maxLength={64}
            hint="Callers see it in place of the endpoints' names."
            value={name}
            onChange={setName}
          />
          <TextField
            label="Fetch every"
            name="interval"
            placeholder="30s"
            hint="From 1s to 24h."
            value={interval}
            onChange={setInterval}
          />
        </div>
        <TextField
          label="URL"
          name="url"
          required
          inputMode="url"
          placeholder="https://status.example.org/status.json"
          hint="A user name and password in it are sent along, and never shown."
          value={url}
          onChange={setUrl}
        />
        <TextArea
          label="Allowed hosts"
          name="allowed_hosts"
          isOptional
          rows={2}
          placeholder="models.example.org"
          hint="Hosts (or host:port) that its entries may point to, one a line. Empty: any."
          value={hosts}
          onChange={setHosts}
        />
        <SecretPairs
          legend="Tokens"
          one="token"
          field="tokens"
          hint="The provider's key for each endpoint_id of the manifest. Stored encrypted, never shown."
          pairs={tokens}
          onChange={setTokens}
        />
        <SecretPairs
          legend="Headers"
          one="header"
          field="headers"
          hint="Sent with every fetch of the manifest itself. Stored encrypted, never shown."
          pairs={headers}
          onChange={setHeaders}
        />
      </Form>
    </Dialog>
  );
}
