// Written by Handrail's agent_install: asks before each tool call, and throws unless it may go on.
import { spawnSync } from "node:child_process"

const COMMAND = "@COMMAND@"

function ask(event, input, args, directory) {
  const told = { event, tool: input.tool, sessionID: input.sessionID, callID: input.callID, args, directory }
  const done = spawnSync("/bin/sh", ["-c", COMMAND], { input: JSON.stringify(told), timeout: 15000, encoding: "utf8" })
  const why = (done.stderr || "").trim() || "Handrail could not judge this call, so it is refused"
  if (done.status !== 0) throw new Error(why)
  let answer
  try {
    answer = JSON.parse(done.stdout)
  } catch {
    throw new Error(why)
  }
  if (answer.decision !== "allow" && answer.decision !== "none") throw new Error(answer.reason || why)
}

export const Handrail = async ({ directory }) => ({
  "tool.execute.before": async (input, output) => ask("tool.execute.before", input, output.args, directory),
  "tool.execute.after": async (input) => {
    try {
      ask("tool.execute.after", input, input.args || {}, directory)
    } catch {
      // It has run: what cannot be reported changes nothing.
    }
  },
})
