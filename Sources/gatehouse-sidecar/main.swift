import Settings
import Sidecar

SidecarProgram.main(Array(CommandLine.arguments.dropFirst()), ProcessSurroundings.environment)
