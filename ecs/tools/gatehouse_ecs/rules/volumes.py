"""Rules on the volume that holds the dumps."""

from collections.abc import Iterator
from pathlib import PurePosixPath

from .rule import Deployment, environment, rule


@rule(
    "one-volume",
    "The sidecar reads what the service wrote.",
    "Mount the same volume at the same path in both, for writing.",
)
def _(deployment: Deployment) -> Iterator[str]:
    service, sidecar = (program.get("mountPoints", []) for program in deployment.programs)
    if not service or service != sidecar:
        yield "service and sidecar have different mounts"
    declared = {volume["name"] for volume in deployment.task["volumes"]}
    for program in deployment.programs:
        for mount in program.get("mountPoints", []):
            if mount["sourceVolume"] not in declared or mount.get("readOnly"):
                yield f"{program['name']} can't write to {mount['sourceVolume']}"


@rule(
    "dump-path",
    "Dumps outside the volume end with the task.",
    "Set MEM_DUMP_PATH to a file below the mount, the same in both.",
)
def _(deployment: Deployment) -> Iterator[str]:
    paths = [environment(program).get("MEM_DUMP_PATH", "") for program in deployment.programs]
    if len(set(paths)) > 1:
        yield f"the paths differ: {' and '.join(paths)}"
    for program, path in zip(deployment.programs, paths, strict=True):
        mounts = [PurePosixPath(mount["containerPath"]) for mount in program.get("mountPoints", [])]
        if mounts and not any(mount in PurePosixPath(path).parents for mount in mounts):
            yield f"{program['name']} has MEM_DUMP_PATH={path}, which is on no volume"


@rule(
    "efs-access",
    "Dumps travel encrypted, and only the task's role may mount them, through its access point.",
    "Set transitEncryption and iam to ENABLED, give an accessPointId, and leave rootDirectory at /.",
)
def _(deployment: Deployment) -> Iterator[str]:
    for volume in deployment.task["volumes"]:
        efs = volume.get("efsVolumeConfiguration")
        if efs is None:
            continue
        authorization = efs.get("authorizationConfig", {})
        if efs.get("transitEncryption") != "ENABLED":
            yield f"{volume['name']} is mounted without TLS"
        if not authorization.get("accessPointId") or authorization.get("iam") != "ENABLED":
            yield f"{volume['name']} is mounted without access point or IAM"
        if efs.get("rootDirectory", "/") != "/":
            yield f"{volume['name']} has a rootDirectory, which ECS refuses together with an access point"


@rule(
    "volume-kind",
    "What is on no volume of its own ends with the task.",
    "Give the volume an EFS file system, or configure it at launch.",
)
def _(deployment: Deployment) -> Iterator[str]:
    given = {volume["name"] for volume in deployment.service.get("volumeConfigurations", [])}
    for volume in deployment.task["volumes"]:
        if volume.get("configuredAtLaunch") and volume["name"] not in given:
            yield f"the service does not configure {volume['name']}"
        elif not volume.get("configuredAtLaunch") and "efsVolumeConfiguration" not in volume:
            yield f"{volume['name']} is the host's"


@rule("encrypted-volume", "The volume holds all of the state.", "Encrypt it at rest; on EFS turn backups on, too.")
def _(deployment: Deployment) -> Iterator[str]:
    for volume in deployment.service.get("volumeConfigurations", []):
        if volume["managedEBSVolume"].get("encrypted") is not True:
            yield f"{volume['name']} is not encrypted"
    for system in deployment.resources("AWS::EFS::FileSystem"):
        if system.get("Encrypted") is not True:
            yield "the file system is not encrypted"
        if system.get("BackupPolicy") != {"Status": "ENABLED"}:
            yield "the file system is not backed up"


@rule(
    "access-point",
    "The access point makes the programs' directory theirs.",
    "Set user, owner 10001, path /generated, permissions 0750.",
)
def _(deployment: Deployment) -> Iterator[str]:
    wanted = {
        "PosixUser": {"Uid": "10001", "Gid": "10001"},
        "RootDirectory": {
            "Path": "/generated",
            "CreationInfo": {"OwnerUid": "10001", "OwnerGid": "10001", "Permissions": "0750"},
        },
    }
    for point in deployment.resources("AWS::EFS::AccessPoint"):
        if {key: point.get(key) for key in wanted} != wanted:
            yield "the access point is for another user or path"


@rule(
    "retained",
    "Deleting a stack must not delete the state, nor the key that opens it.",
    "Set DeletionPolicy and UpdateReplacePolicy to Retain.",
)
def _(deployment: Deployment) -> Iterator[str]:
    kinds = ("AWS::EFS::FileSystem", "AWS::EFS::AccessPoint", "AWS::SecretsManager::Secret", "AWS::Logs::LogGroup")
    for name, resource in (deployment.stack or {"Resources": {}})["Resources"].items():
        policies = (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy"))
        if resource["Type"] in kinds and policies != ("Retain", "Retain"):
            yield f"{name} goes with the stack"
