// Compiled only: what an app may and may not do with the generated types.
import type { HomeQuery, HomeQueryVariables, RenameMutation, WatchSubscription } from "./types";

export const first: HomeQueryVariables = { first: 20 };

export function names(home: HomeQuery): string[] {
  return (home.leads?.edges ?? []).map((edge) => `${edge.node?.name} ${edge.node?.estimatedValue?.padStart(9)}`);
}

export function outcome(answer: RenameMutation): string {
  const result = answer.updateLead;
  if (!result) return "nothing";
  switch (result.__typename) {
    case "Lead":
      return result.name;
    case "VersionConflict":
      return `${result.recordId} is at ${result.currentVersion.toFixed()}`;
    default:
      return result.code;
  }
}

export const full = (event: WatchSubscription): boolean => event.teamMapChanged.isFull;

// @ts-expect-error: a page size is a number
export const wrong: HomeQueryVariables = { first: "20" };
