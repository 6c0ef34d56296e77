import Settings
import Sidecar

ProcessEnvironment.raiseDescriptorLimit()
SidecarProgram.main(Array(CommandLine.arguments.dropFirst()), ProcessEnvironment.environment)
