import ArgumentParser
import Glibc
import Threads

/// The entry of the program.
///
/// Not an asynchronous one: that gives the main thread to libdispatch, which lets it wait with no signal blocked
/// (`sigsuspend`), so that signals would get lost in it.
@main
enum GatehouseMain {
  static func main() {
    // What the arguments have wrong is said below.
    let command = try? GatehouseCommand.parseAsRoot()
    if let serve = command as? Serve { serve.start() }
    // A command has nothing to lose, and its reader decides how long it takes to print.
    SignalMask.unblock()
    // It ends in time, by SIGALRM, also in a process that gets no thread to ask from.
    if command is Health { alarm(Health.limit) }
    // Not on the main thread, which `main` would give it to.
    Task { @concurrent in
      await GatehouseCommand.main()
      GatehouseCommand.exit()
    }
    SystemThread.park()
  }
}
