import DumpDirectory
import DumpFormat
import Logging
import Settings
import Synchronization

/// The keys of the volume's files. They are read again when the files that they come from change.
final class VolumeKeys: Sendable {
  /// The keys in force.
  struct Present: Sendable {
    let keyring: DumpKeyring
    let marks: KeyMarks
  }

  private struct State {
    var present: Present
    var changes: KeyFileChanges
    /// The files as they were when the keys were read.
    var stamps: [FileStamp?]
    var logger: Logger?
  }

  private let files: KeyFiles
  private let state: Mutex<State>

  init(_ settings: DumpSettings) throws {
    files = settings.keyFiles
    let present = Present(keyring: settings.keyring, marks: try KeyMarks(settings.keyring))
    state = Mutex(
      State(present: present, changes: KeyFileChanges(files.firstStamps), stamps: files.firstStamps))
  }

  /// The keys in force.
  var present: Present { state.withLock { $0.present } }

  /// Whether the keys can change while the process runs.
  var canChange: Bool { !files.isEmpty }

  /// Says changes and faults in the log from now on.
  func report(to logger: Logger) { state.withLock { $0.logger = logger } }

  /// Reads the files again if they changed since the keys were read, as for a dump that the keys don't decrypt.
  ///
  /// - Returns: whether other keys are in force now.
  func refresh() -> Bool {
    guard canChange, files.stamps != state.withLock({ $0.stamps }) else { return false }
    do throws(ConfigurationFaults) {
      return put(try files.read())
    } catch {
      // The next look at the files reports it, if it stays.
      return false
    }
  }

  /// Looks at the files, and reads them when they are due, or when they are asked for.
  ///
  /// - Returns: whether other keys are in force now.
  func look(isAsked: Bool) -> Bool {
    let stamps = files.stamps
    guard state.withLock({ $0.changes.isDue(stamps) }) || isAsked else { return false }
    do throws(ConfigurationFaults) {
      return put(try files.read())
    } catch {
      let (logger, present) = state.withLock { state in
        let isNew = state.changes.fail(stamps)
        return (isNew || isAsked ? state.logger : nil, state.present)
      }
      logger?.error(
        "the encryption keys can't be replaced, so those before stay in force: correct the files of MEM_ENCRYPTION_KEY_FILE and MEM_ENCRYPTION_KEYS_OLD_FILE, which are read again when one changes and at SIGHUP",
        metadata: ["error": "\(error)", "key.id": "\(present.keyring.name)"])
      return false
    }
  }

  private func put(_ read: KeyFiles.Keys) -> Bool {
    let (before, after, logger) = state.withLock { state in
      let before = state.present
      state.changes.succeed(read.stamps)
      state.stamps = read.stamps
      let keyring = before.keyring.replaced(by: read.keyring)
      // Without marks, as when the cryptographic library has no memory, the keys before stay.
      if let marks = try? KeyMarks(keyring) { state.present = Present(keyring: keyring, marks: marks) }
      return (before.keyring, state.present.keyring, state.logger)
    }
    logger?.notice(
      before.sealing == after.sealing
        ? "encryption keys read: the key in force is the same" : "encryption keys read: another key is in force",
      metadata: ["key.id": "\(after.name)", "key.older": .stringConvertible(after.older.count)])
    return before != after
  }
}
