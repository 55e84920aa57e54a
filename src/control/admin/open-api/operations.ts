// All operations of the OpenAPI document. open-api.test.ts says which one is missing, and which of these is of no route.
import type { OperationDocs } from "./operation-doc.ts";
import { allowanceOperations } from "./operations/allowance-operations.ts";
import { endpointOperations } from "./operations/endpoint-operations.ts";
import { keyOperations } from "./operations/key-operations.ts";
import { ledgerOperations } from "./operations/ledger-operations.ts";
import { modelOperations } from "./operations/model-operations.ts";
import { peopleOperations } from "./operations/people-operations.ts";
import { priceOperations } from "./operations/price-operations.ts";
import { signInOperations } from "./operations/sign-in-operations.ts";
import { systemOperations } from "./operations/system-operations.ts";

export const operations: OperationDocs = {
  ...endpointOperations,
  ...modelOperations,
  ...priceOperations,
  ...keyOperations,
  ...peopleOperations,
  ...signInOperations,
  ...allowanceOperations,
  ...ledgerOperations,
  ...systemOperations,
};
