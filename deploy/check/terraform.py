"""Looks at a Terraform module without its provider: syntax, and names that are used, declared and handed over.

    terraform.py FOLDER

What a resource takes is the provider's to say: `terraform validate` does that where the provider can be had.
"""

import pathlib
import re
import sys

import hcl2

FOLDER = pathlib.Path(sys.argv[1])
TEXTS = {path.name: path.read_text() for path in sorted(FOLDER.glob("*.tf"))}
problems = []


def blocks(parsed, kind):
    """Every block of a kind, with its labels without quotes."""
    for block in parsed.get(kind, []):
        yield block


def name(label):
    return label.strip('"')


declared = {"var": set(), "local": set(), "data": set(), "resource": set()}
for file, text in TEXTS.items():
    try:
        parsed = hcl2.loads(text)
    except Exception as error:  # the parser's own kinds are not public
        problems.append(f"{file}: {error}")
        continue
    for variable in blocks(parsed, "variable"):
        for label, body in variable.items():
            if label.startswith("__"):
                continue
            declared["var"].add(name(label))
            for field in ("description", "type"):
                if field not in body:
                    problems.append(f"{file}: variable {name(label)} has no {field}")
    for block in blocks(parsed, "locals"):
        declared["local"].update(name(label) for label in block if not label.startswith("__"))
    for kind in ("resource", "data"):
        for block in blocks(parsed, kind):
            for label, bodies in block.items():
                if label.startswith("__"):
                    continue
                for own in bodies:
                    if not own.startswith("__"):
                        declared[kind].add(f"{name(label)}.{name(own)}")

# Comments and descriptions may name anything.
code = "\n".join(re.sub(r"^\s*(#.*|description\s*=.*)$", "", text, flags=re.M) for text in TEXTS.values())
used = {
    "var": set(re.findall(r"\bvar\.([a-z0-9_]+)", code)),
    "local": set(re.findall(r"\blocal\.([a-z0-9_]+)", code)),
    "data": set(re.findall(r"(?<![\w-])data\.([a-z0-9_]+\.[a-z0-9_]+)", code)),
    "resource": set(re.findall(r"(?<!data\.)\b(aws_[a-z0-9_]+\.[a-z0-9_]+)", code)),
}
for kind in used:
    problems += [f"{kind} {one} is used and not declared" for one in sorted(used[kind] - declared[kind])]
for kind in ("var", "local", "data"):
    problems += [f"{kind} {one} is declared and not used" for one in sorted(declared[kind] - used[kind])]

# What a template is given is what it asks for. `$${` is no question, and `%{` is not used.
for template, given in re.findall(r'templatefile\("\$\{path\.module\}/([^"]+)", \{(.*?)\}\)', code, flags=re.S):
    path = FOLDER / template
    if not path.is_file():
        problems.append(f"{template} is not there")
        continue
    asked = set(re.findall(r"(?<!\$)\$\{([a-z0-9_]+)\}", path.read_text()))
    handed = set(re.findall(r"^\s*([a-z0-9_]+)\s*=", given, flags=re.M))
    problems += [f"{template} asks for {one}, which it is not given" for one in sorted(asked - handed)]
    problems += [f"{template} is given {one}, for which it does not ask" for one in sorted(handed - asked)]

if not declared["resource"]:
    problems.append("no resource was found")
for problem in problems:
    print(f"{FOLDER}: {problem}", file=sys.stderr)
sys.exit(bool(problems))
