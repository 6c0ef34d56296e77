import Clocks
import DumpDirectory

extension JournalCopier {
  /// Whether every journal that S3 lacks waits for the copy of a dump, so that nothing can be copied now. It lists the
  /// copies each time, as it is asked before this task is known to make them.
  func isWaiting() throws -> Bool {
    let directory = try volume.directory
    let missing = try directory.journals().filter { !volume.isCopied($0.name, to: store.place) }
    guard !missing.isEmpty else { return false }
    let copies = try store.journals(of: directory.location, Deadline(in: .seconds(120)))
    var order = JournalOrder(
      volume, directory, at: store.place, found: Self.byName(copies), finished: finished)
    for entry in missing {
      if try order.isCovered(entry) || order.allows(entry) { return false }
    }
    return true
  }
}
