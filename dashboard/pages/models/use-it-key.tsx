// Makes a key of one's own for one model, without leaving the page, and shows it once.
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import type { NewKeyBody } from "../../../src/api/keys.ts";
import { post } from "../../api/client.ts";
import { queryClient } from "../../api/query-client.ts";
import { Button } from "../../components/button.tsx";
import { Card } from "../../components/card.tsx";
import { CopyLine } from "../../components/copyable.tsx";
import { Form, TextField } from "../../components/form.tsx";
import { Notice } from "../../components/notice.tsx";
import { useSession } from "../../session/session.ts";

const nameMax = 100;

export interface UseItKeyProps {
  modelName: string;
  made: NewKeyBody | null;
  onMade: (key: NewKeyBody) => void;
}

export function UseItKey({ modelName, made, onMade }: UseItKeyProps) {
  const [isAsking, setAsking] = useState(false);
  if (made !== null) return <MadeKey made={made} />;
  return (
    <Card title="Key" description="Programs call with a key. It acts as you, and can be revoked on the page Keys.">
      {isAsking ? (
        <KeyName modelName={modelName} onMade={onMade} onCancel={() => setAsking(false)} />
      ) : (
        <Button look="primary" onClick={() => setAsking(true)}>
          Create a key for this
        </Button>
      )}
    </Card>
  );
}

interface KeyNameProps {
  modelName: string;
  onMade: (key: NewKeyBody) => void;
  onCancel: () => void;
}

function KeyName({ modelName, onMade, onCancel }: KeyNameProps) {
  const { user_id: userId } = useSession();
  const [name, setName] = useState(`my ${modelName}`.slice(0, nameMax));
  return (
    <Form
      submitLabel="Create key"
      onSubmit={() => post<NewKeyBody>("/keys", { name, user_id: userId, models: [modelName] })}
      onDone={(key) => {
        onMade(key);
        void queryClient.invalidateQueries({ queryKey: ["keys"] });
      }}
      onCancel={onCancel}
    >
      <TextField
        label="Name of the key"
        name="name"
        hint={`It can call ${modelName} and nothing else.`}
        required
        maxLength={nameMax}
        value={name}
        onChange={setName}
      />
    </Form>
  );
}

function MadeKey({ made }: { made: NewKeyBody }) {
  return (
    <Card title="Key">
      <div className="flex flex-col gap-3" role="status">
        <CopyLine text={made.key} label="key" />
        <Notice tone="warn">Copy it now: it is shown until you leave this page, and never again.</Notice>
        <p className="text-sm text-muted">
          It is called{" "}
          <Link to="/keys/$id" params={{ id: made.id } as never} className="text-accent-strong underline">
            {made.name}
          </Link>
          . It stands in all snippets below.
        </p>
      </div>
    </Card>
  );
}
