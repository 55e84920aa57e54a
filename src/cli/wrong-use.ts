// A command was not called as it is meant to be: exit code 2, where a failure of a right call has 1.
import { CommandFailed } from "./command.ts";

export class WrongUse extends CommandFailed {
  constructor(message: string) {
    super(message);
    this.name = "WrongUse";
  }
}
