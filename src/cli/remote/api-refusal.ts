// The admin API has answered with an error; the message is for people.
import { CommandFailed } from "../command.ts";

export class ApiRefusal extends CommandFailed {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "ApiRefusal";
    this.status = status;
  }
}
