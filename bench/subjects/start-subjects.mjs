// The subjects of a run, by their names.
import { startDirect } from "./direct.mjs";
import { startFloor } from "./floor.mjs";
import { NoWorkers, startHeadgate, startLimitedHeadgate } from "./headgate.mjs";
import { isNginxInstalled, startNginx } from "./nginx.mjs";

const starters = {
  direct: startDirect,
  floor: startFloor,
  nginx: startNginx,
  headgate: (surroundings) => startHeadgate({ ...surroundings, title: "**Headgate**" }),
  "headgate-1": (surroundings) => startHeadgate({ ...surroundings, title: "Headgate, 1 worker", workers: 1 }),
  "headgate-2": (surroundings) => startHeadgate({ ...surroundings, title: "Headgate, 2 workers", workers: 2 }),
  limited: (surroundings) => startLimitedHeadgate({ ...surroundings, title: "Headgate, limits" }),
  "limited-2": (surroundings) => startLimitedHeadgate({ ...surroundings, title: "limits, 2 workers", workers: 2 }),
};

/**
 * Starts the plan's subjects, each in a folder of its own; what this machine or this build has not is left out, unless it was asked for.
 * @param {{ subjects: string[], isEverySubjectWanted: boolean }} plan
 * @param {import("./subject.mjs").Surroundings} surroundings
 * @param {{ stop: () => Promise<void> }[]} running takes all that was started
 * @param {(text: string) => void} say
 */
export async function startSubjects(plan, surroundings, running, say) {
  const subjects = [];
  for (const name of plan.subjects) {
    const dir = `${surroundings.dir}/${name}`;
    try {
      if (name === "nginx" && !isNginxInstalled) throw new NotHere("nginx is not installed");
      const subject = await starters[name]({ ...surroundings, dir, name });
      running.push(subject);
      subjects.push(subject);
    } catch (error) {
      const isNotHere = error instanceof NotHere || error instanceof NoWorkers;
      if (!isNotHere || !plan.isEverySubjectWanted) throw error;
      say(`${error.message}: its column is left out`);
    }
  }
  return subjects;
}

class NotHere extends Error {}
