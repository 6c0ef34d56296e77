import Settings
import Sidecar

ProcessSurroundings.raiseDescriptorLimit()
SidecarProgram.main(Array(CommandLine.arguments.dropFirst()), ProcessSurroundings.environment)
