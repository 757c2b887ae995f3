import type { Component } from "./component.ts";

/** What a reload asks of a component, as far as it has it: for those who stand in front of one. */
export function handOverMethods(component: Component): Pick<Component, "handOver" | "inherit"> {
  return {
    ...(component.handOver !== undefined && { handOver: component.handOver.bind(component) }),
    ...(component.inherit !== undefined && { inherit: component.inherit.bind(component) }),
  };
}
