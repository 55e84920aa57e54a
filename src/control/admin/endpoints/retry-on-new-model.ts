// Runs a transaction again when another process made a model of the same name at the same moment: the second time it is there to be used.
import { UniqueViolation } from "../../../storage/ports/errors.ts";

const maxTries = 3;

export async function retryOnNewModel<T>(transaction: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await transaction();
    } catch (error) {
      const isNewModel = error instanceof UniqueViolation && error.constraint === "model_name";
      if (!isNewModel || tries === maxTries) throw error;
    }
  }
}
