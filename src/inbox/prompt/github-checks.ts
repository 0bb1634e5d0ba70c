import { field, firstText, list, number, text } from "../summary/field.ts";
import type { Sheet } from "./sheet.ts";

type Facts = (sheet: Sheet, payload: unknown) => void;

/** A run of a workflow. */
export function runFacts(sheet: Sheet, payload: unknown): void {
  const run = field(payload, "workflow_run");
  sheet.fact("Workflow", text(run, "name") || text(payload, "workflow", "name"));
  sheet.fact("Title", field(run, "display_title"));
  outcome(sheet, run);
  sheet.fact("Started by", field(run, "event"));
  sheet.fact("Run", field(run, "run_number"));
  sheet.fact("Attempt", field(run, "run_attempt"));
  commit(sheet, run);
  sheet.fact("Address", field(run, "html_url"));
}

/** One job of a workflow, with the steps that did not succeed. */
export function jobFacts(sheet: Sheet, payload: unknown): void {
  const job = field(payload, "workflow_job");
  sheet.fact("Workflow", field(job, "workflow_name"));
  sheet.fact("Job", field(job, "name"));
  outcome(sheet, job);
  commit(sheet, job);
  sheet.fact("Address", field(job, "html_url"));
  const bad = list(job, "steps").filter((step) => !["success", "skipped", ""].includes(text(step, "conclusion")));
  sheet.list("Steps that did not succeed", bad.map(stepLine), 20, 200);
}

function stepLine(step: unknown): string {
  return `${text(step, "name")}: ${text(step, "conclusion")}`;
}

/** A check of an app's, or a suite of them. */
export function checkFacts(key: "check_run" | "check_suite"): Facts {
  return (sheet, payload) => {
    const check = field(payload, key);
    sheet.fact("Check", text(check, "name") || text(check, "app", "name"));
    outcome(sheet, check);
    commit(sheet, check);
    sheet.fact("Branch of the suite", field(check, "check_suite", "head_branch"));
    sheet.fact("Address", firstText(check, ["html_url", "details_url", "url"]));
    sheet.fact("Its title", field(check, "output", "title"));
    sheet.text("Its summary", field(check, "output", "summary"), 3_000);
    sheet.text("Its text", field(check, "output", "text"), 3_000);
  };
}

/** What another service reports about a commit. */
export function statusFacts(sheet: Sheet, payload: unknown): void {
  sheet.fact("Check", field(payload, "context"));
  sheet.fact("State", field(payload, "state"));
  sheet.fact("It says", field(payload, "description"));
  sheet.fact("Commit", field(payload, "sha"), 40);
  sheet.fact("Commit's message", field(payload, "commit", "commit", "message"));
  sheet.list(
    "Branches",
    list(payload, "branches").map((branch) => text(branch, "name")),
    10,
    120,
  );
  sheet.fact("Address", field(payload, "target_url"));
}

export function deploymentFacts(sheet: Sheet, payload: unknown): void {
  const status = field(payload, "deployment_status");
  sheet.fact("Environment", text(status, "environment") || text(payload, "deployment", "environment"));
  sheet.fact("State", field(status, "state"));
  sheet.fact("It says", field(status, "description"));
  sheet.fact("Branch, tag or commit", field(payload, "deployment", "ref"));
  sheet.fact("Task", field(payload, "deployment", "task"));
  sheet.fact("Address", firstText(status, ["log_url", "target_url", "environment_url"]));
}

function outcome(sheet: Sheet, about: unknown): void {
  sheet.fact("Conclusion", field(about, "conclusion"));
  sheet.fact("Status", field(about, "status"));
}

function commit(sheet: Sheet, about: unknown): void {
  sheet.fact("Branch", field(about, "head_branch"));
  sheet.fact("Commit", field(about, "head_sha"), 40);
  sheet.fact("Commit's message", field(about, "head_commit", "message"));
  const pulls = list(about, "pull_requests").map((pull) => `#${number(pull, "number") ?? "?"}`);
  sheet.list("Pull requests", pulls, 10, 20);
}
