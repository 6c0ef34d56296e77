import ArgumentParser
import Glibc
import Threads

/// The entry of the program.
///
/// It is not asynchronous. An asynchronous `main` gives the main thread to libdispatch, which waits with no signal
/// blocked (`sigsuspend`), so signals would get lost.
@main
enum GatehouseMain {
  static func main() {
    // `main` below reports wrong arguments.
    let command = try? GatehouseCommand.parseAsRoot()
    if let serve = command as? Serve { serve.start() }
    // Signals may end a command at any time: it has no state to save.
    SignalMask.unblock()
    // SIGALRM ends it in time, even if the process gets no thread.
    if command is Health { alarm(Health.limit) }
    // `main` would run it on the main thread.
    Task { @concurrent in
      await GatehouseCommand.main()
      GatehouseCommand.exit()
    }
    SystemThread.park()
  }
}
