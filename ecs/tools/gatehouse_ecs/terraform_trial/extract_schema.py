"""Takes the schemas of the resources that ecs/terraform/ names out of the cdktf-cdktf-provider-aws wheel (PyPI).

    pip download --no-deps cdktf-cdktf-provider-aws==21.22.1
    PYTHONPATH=ecs/tools python3 -m gatehouse_ecs.terraform_trial.extract_schema cdktf_cdktf_provider_aws-*.whl

Needed only when ecs/terraform/ starts to use another resource, or a newer provider.
"""

import io
import json
import re
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..template import ECS_DIRECTORY
from .schema import FIXTURE

# By storageClassType in the wheel: Terraform's type.
TYPES = {
    "string": "string",
    "number": "number",
    "boolean": "bool",
    "stringList": ["list", "string"],
    "numberList": ["list", "number"],
    "stringMap": ["map", "string"],
}
GETTERS = {
    "String": "string",
    "Number": "number",
    "Boolean": "bool",
    "List": ["list", "string"],
    "StringMap": ["map", "string"],
}
ENTRY = re.compile(
    r"^ {8,12}(\w+): \{\n\s+value: (.*),\n\s+isBlock: (true|false),\n"
    r"\s+type: \"(\w+)\",\n\s+storageClassType: \"(\w+)\",",
    re.MULTILINE,
)


def used_kinds() -> Iterator[tuple[str, str]]:
    """The kind (`resource` or `data`) and type of everything that ecs/terraform/ declares of the aws provider."""
    for path in sorted((ECS_DIRECTORY / "terraform").glob("*.tf")):
        yield from re.findall(r'^(resource|data) "aws_(\w+)"', path.read_text(encoding="utf-8"), re.MULTILINE)


def kind_schema(module: str) -> dict[str, Any]:
    function = r"^function (\w+)ToHclTerraform\(struct\) \{\n(.*?)^\}"
    functions = dict(re.findall(function, module, re.MULTILINE | re.DOTALL))
    resource = module[module.rindex("    synthesizeHclAttributes() {") :]
    main = module[module.rindex("\nclass ") :]
    schema = _block(resource, main, module, functions)
    for name in re.findall(r"^    // (\w+) - computed: true, optional: false, required: false", main, re.MULTILINE):
        getter = re.search(rf"get(\w+?)Attribute\('{name}'\)", main)
        if getter and getter[1] in GETTERS:
            schema["attributes"].setdefault(name, {"type": GETTERS[getter[1]], "computed": True})
    schema["attributes"]["id"] = {"type": "string", "optional": True, "computed": True}
    return schema


def _block(text: str, owner: str, module: str, functions: dict[str, str]) -> dict[str, Any]:
    attributes, blocks = {}, {}
    for name, value, is_block, mode, storage in ENTRY.findall(text):
        camel = re.sub(r"_(\w)", lambda found: found[1].upper(), name)
        optional = f"    reset{camel[0].upper()}{camel[1:]}() {{" in owner
        struct = re.search(r"(\w+)ToHclTerraform(?:, (?:true|false))?\)?\((?:this|struct)", value)
        inner = struct[1] if struct else ""
        if inner in functions:
            list_of = "listMapperHcl" in value
            class_name = inner[0].upper() + inner[1:] + "OutputReference"
            body = re.search(rf"^class {class_name} .*?^\}}", module, re.MULTILINE | re.DOTALL)
            nested = _block(functions[inner], body[0] if body else "", module, functions)
            blocks[name] = {"mode": mode, "required": not optional, "single": not list_of, **nested}
        elif is_block == "false":
            kind = TYPES[storage]
            kind = ["set", "string"] if mode == "set" else kind
            attributes[name] = {"type": kind, ("optional" if optional else "required"): True}
            if name.endswith("_wo"):
                attributes[name]["write_only"] = True
    return {"attributes": attributes, "blocks": blocks}


def _text(schemas: dict[str, Any]) -> str:
    """JSON with a line for each type, so that an update shows the changed types."""
    sections = ['"source": ' + json.dumps(schemas["source"])]
    for section in ("resource", "data"):
        lines = [f"{json.dumps(name)}: {json.dumps(found, sort_keys=True)}" for name, found in schemas[section].items()]
        sections.append(f'"{section}": {{\n' + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(sections) + "\n}\n"


def main(wheel: Path) -> None:
    schemas: dict[str, Any] = {"source": "", "resource": {}, "data": {}}
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(archive.read(name))) as package:
            modules = {member.name: member for member in package if member.name.endswith("/index.js")}
            for section, kind in used_kinds():
                folder = ("data-aws-" if section == "data" else "") + kind.replace("_", "-")
                module = package.extractfile(modules[f"package/lib/{folder}/index.js"]).read().decode()
                version = re.search(r"providerVersion: '([\d.]+)'", module)[1]
                schemas["source"] = f"aws provider {version}, out of {wheel.name}"
                schemas[section][f"aws_{kind}"] = kind_schema(module)
    FIXTURE.write_text(_text(schemas), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
