// Endpoints (placeholder until wired).
import type { AdminApp, AdminContext } from "../context.ts";
export function endpointRoutes(_app: AdminApp, _context: AdminContext): void {}
