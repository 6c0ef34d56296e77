import Glibc
import Settings
import Sidecar

ProcessSurroundings.raiseDescriptorLimit()
let code = SidecarProgram.run(Array(CommandLine.arguments.dropFirst()), ProcessSurroundings.environment)
fflush(nil)
// Not `exit`: a thread that hangs on the volume can't be waited for, and what is safe is safe already.
_exit(code.rawValue)
