const reference = /\$(?:\$|\{([\p{L}\p{N}_]+)\}|([\p{L}\p{N}_]+))/gu;

/**
 * Fills a template as Go's `Regexp.Expand` does: `$name` takes as many letters, digits and underscores as follow
 * (`$1x` is the group "1x"), `${1}x` bounds the name, `$$` is a dollar sign, an unknown group is empty.
 */
export function expandTemplate(
  template: string,
  groups: readonly (string | undefined)[],
  names: ReadonlyMap<string, number>,
): string {
  return template.replace(reference, (whole: string, braced?: string, plain?: string) => {
    if (whole === "$$") return "$";
    const name = (braced ?? plain) as string;
    const index = /^\d+$/.test(name) ? Number(name) : names.get(name);
    return (index === undefined ? undefined : groups[index]) ?? "";
  });
}
