import Clocks
import DumpDirectory
import DumpFormat
import Logging
import Persistence
import Platform
import Settings
import Threads

/// Keeps the encryption keys as their files are.
actor KeyWatch: FileWatch {
  /// The time between two looks at the files.
  static let interval = Duration.seconds(3)
  /// The time after which a dump that failed is tried again.
  private static let retryPause = Duration.seconds(60)

  private let files: KeyFiles
  private let keys: CurrentKeyring
  private let logger: Logger
  /// Writes a dump with the present key, which also begins a journal with it.
  ///
  /// - Returns: whether it is safe.
  private let dump: @Sendable () async -> Bool
  /// The volume of the files can hang.
  private let worker = Worker.started()
  private var changes: KeyFileChanges
  /// The key with which a dump is due, since the newest one was begun with a key before it; and when to try it.
  private var due: (key: DumpKey, from: Duration)?

  init(
    _ files: KeyFiles, keys: CurrentKeyring, logger: Logger, dump: @escaping @Sendable () async -> Bool
  ) {
    self.files = files
    self.keys = keys
    self.logger = logger
    self.dump = dump
    changes = KeyFileChanges(files.firstStamps)
  }

  func look(isAsked: Bool) async {
    do {
      let stamps = try await worker.perform { [files] in files.stamps }
      if changes.isDue(stamps) || isAsked { try await read(stamps, isAsked: isAsked) }
    } catch {
      report("\(error)")
    }
    await dumpIfDue()
  }

  private func dumpIfDue() async {
    guard let (key, from) = due, SteadyClock.now() >= from else { return }
    due?.from = SteadyClock.now() + Self.retryPause
    // The key may have been replaced meanwhile.
    if await dump(), due?.key == key { due = nil }
  }

  private func read(_ stamps: [FileStamp?], isAsked: Bool) async throws {
    let result = try await worker.perform { [files] in Result { () throws(ConfigurationFaults) in try files.read() } }
    switch result {
    case .success(let read):
      changes.succeed(read.stamps)
      put(read.keyring)
    case .failure(let error):
      if changes.fail(stamps) || isAsked { report("\(error)") }
    }
  }

  private func put(_ keyring: DumpKeyring) {
    let before = keys.replace(with: keyring)
    let present = keys.present
    if before.sealing != present.sealing { due = (present.sealing, .zero) }
    logger.notice(
      before.sealing == present.sealing
        ? "encryption keys read: the key in force is the same" : "encryption keys read: another key is in force",
      metadata: ["key.id": "\(present.name)", "key.older": .stringConvertible(present.older.count)])
  }

  private func report(_ sentence: String) {
    logger.error(
      "the encryption keys can't be replaced, so those before stay in force: correct the files of MEM_ENCRYPTION_KEY_FILE and MEM_ENCRYPTION_KEYS_OLD_FILE, which are read again when one changes and at SIGHUP",
      metadata: ["error": "\(sentence)", "key.id": "\(keys.present.name)"])
  }
}

extension Gatehouse {
  /// Keeps the encryption keys as their files are.
  func watchKeys(_ files: KeyFiles, _ requests: AsyncStream<Void>) async {
    let (state, lease, dumps) = (state, lease, dumps)
    let watch = KeyWatch(files, keys: keys, logger: logger) {
      // Without the lease another task writes the dumps, under the key that it has.
      guard state.availability == .ready, lease.epoch != nil else { return false }
      // The dumper logs the outcome.
      return (try? await dumps.dump(reason: "new key")) != nil
    }
    await watch.run(requests)
  }
}
