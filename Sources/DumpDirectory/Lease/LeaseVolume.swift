import Glibc
import JSON

/// The files of a directory's lease: `lease.json`, and a claim file `.lease-epoch-N` for each recent epoch.
///
/// Creating a claim is exclusive, on NFS too. Its creator keeps it locked for as long as it lives, and writes into it
/// the kernel and the mount that it uses. A process that uses the same mount of the same kernel and gets the lock knows
/// that the creator has ended. Between two kernels, and between two mounts of one kernel, a lock says nothing.
///
/// `.gatehouse-lease.json` holds the highest epoch that was ever announced (`LeaseAnnouncement`). It is kept when the
/// other files are removed.
package struct LeaseVolume: Sendable {
  /// The name of the file with the lease's record.
  package static let file = "lease.json"
  static let claimPrefix = ".lease-epoch-"
  static let announcementFile = ".gatehouse-lease.json"
  /// The largest size of a lease's file in bytes. A larger file counts as damaged.
  private static let largestFile = 64 << 10

  /// The absolute path of the dump directory.
  package let directory: String
  /// The process for which the lease is read and written.
  package let holder: LeaseHolder
  private let files: any FileOperations

  /// Names the files of a lease for one process.
  package init(directory: String, holder: LeaseHolder, files: any FileOperations = LiveFileOperations()) {
    self.directory = directory
    self.holder = holder
    self.files = files
  }

  /// Reads the lease's files. It changes nothing.
  package func readLease() throws(DumpDirectoryError) -> LeaseReading {
    let lease = try fileState()
    // The claims are read after the file, so every claim from before this reading is among them.
    let claims = try DumpDirectory.names(in: directory).compactMap(Self.epoch(ofClaim:))
    let reading = LeaseReading(lease: lease, claims: claims)
    return LeaseReading(
      lease: lease, claims: claims, isHolderDead: isKnownDead(makerOf: reading.highestEpoch),
      announcement: LeaseReading.isIncomplete(lease, claims) ? try announcement() : nil)
  }

  /// Creates the directory, which is gone, or could not be created on a full volume.
  func makeDirectory() throws(DumpDirectoryError) { try files.makeDirectories(directory) }

  /// Claims an epoch.
  ///
  /// - Returns: the claim, or `nil` when another process has it.
  func claim(_ epoch: Int) throws(DumpDirectoryError) -> LeaseClaim? {
    let path = "\(directory)/\(Self.claimPrefix)\(epoch)"
    guard let descriptor = try files.create(path) else { return nil }
    let claim = LeaseClaim(descriptor: descriptor)
    // If the file system has no locks, other processes learn only by time whether this one lives.
    let isLocked = flock(descriptor, LOCK_EX | LOCK_NB) == 0
    let text = JSONWriter.bytes(
      holder.json.merging(["locked": .bool(isLocked), "device": .string(Self.device(of: descriptor))]))
    // The name of the file is the claim. The contents only help others, so a full volume does no harm here.
    try? files.write(descriptor, text, path)
    return claim
  }

  /// Writes a record beside `lease.json` and waits until it is safe on the volume.
  func draft(_ record: LeaseRecord) throws(DumpDirectoryError) -> LeaseDraft {
    let file = try TemporaryFile(for: Self.file, in: directory, files: files)
    try file.write(JSONWriter.bytes(record.json))
    try file.synchronize()
    return LeaseDraft(file: file)
  }

  /// Replaces `lease.json` with a draft. The name is safe on the volume when this returns.
  ///
  /// - Returns: the new path of a directory that had the name, since a file can't replace it; usually `nil`.
  func replace(with draft: consuming LeaseDraft) throws(DumpDirectoryError) -> String? {
    let path = "\(directory)/\(Self.file)"
    let aside = Self.isDirectory(path) ? try moveAside(path) : nil
    try draft.file.replace(path)
    try files.synchronizeDirectory(directory)
    return aside
  }

  /// Announces that an epoch is about to be claimed.
  ///
  /// - Returns: the epoch that another process announced before, if it is not below this one. Nothing is written then.
  func announce(_ epoch: Int) throws(DumpDirectoryError) -> Int? {
    if let last = try announcement(), last.epoch >= epoch, last.holder != holder.name { return last.epoch }
    var file = try TemporaryFile(for: Self.announcementFile, in: directory, files: files)
    let text = JSONWriter.bytes(["highest_epoch": .integer(epoch), "holder": .string(holder.name)] as JSONObject)
    try file.write(text)
    try file.synchronize()
    let path = "\(directory)/\(Self.announcementFile)"
    if Self.isDirectory(path) { _ = try moveAside(path) }
    try file.replace(path)
    return nil
  }

  /// Whether the claim file of an epoch is still the file of this claim.
  func isInPlace(_ claim: borrowing LeaseClaim, _ epoch: Int) -> Bool {
    var (held, named) = (stat(), stat())
    return fstat(claim.descriptor, &held) == 0 && lstat("\(directory)/\(Self.claimPrefix)\(epoch)", &named) == 0
      && held.st_ino == named.st_ino && held.st_dev == named.st_dev
  }

  /// Removes claims of older epochs. A claim that can't be removed is not an error.
  func removeClaims(_ claims: [Int], below epoch: Int) {
    for claim in claims where claim < epoch { try? files.unlink("\(directory)/\(Self.claimPrefix)\(claim)") }
  }

  /// The error when no higher epoch is possible.
  var lastEpoch: DumpDirectoryError {
    DumpDirectoryError(
      .inputOutput, directory,
      "'\(Self.file)', '\(Self.announcementFile)', a claim '\(Self.claimPrefix)N' or a dump names the highest epoch that there can be, so no task can take the lease; no task came there by taking leases: stop all tasks and move that file away"
    )
  }

  static func epoch(ofClaim name: String) -> Int? {
    guard name.hasPrefix(claimPrefix), let epoch = Int(name.dropFirst(claimPrefix.count)), LeaseEpoch.isSane(epoch),
      name == "\(claimPrefix)\(epoch)"
    else { return nil }
    return epoch
  }
}

extension LeaseVolume {
  /// The last announcement, or `nil` in a directory that never had a lease.
  private func announcement() throws(DumpDirectoryError) -> LeaseAnnouncement? {
    // The file exists, so there was a lease, even if the number can't be parsed.
    let unknown = LeaseAnnouncement(epoch: 0, holder: "")
    do throws(DumpDirectoryError) {
      guard let bytes = try contents("\(directory)/\(Self.announcementFile)")?.bytes,
        let object = try? JSONParser().parseObject(bytes), let epoch = object["highest_epoch"]?.number?.int,
        LeaseEpoch.isSane(epoch)
      else { return unknown }
      return LeaseAnnouncement(epoch: epoch, holder: object["holder"]?.string ?? "")
    } catch {
      switch error.code {
      case .notFound: return nil
      case .notReadable, .outside: return unknown
      case .notADirectory, .notWritable, .readOnly, .noSpace, .taken, .inputOutput, .exhausted, .leaseLost: throw error
      }
    }
  }

  private func fileState() throws(DumpDirectoryError) -> LeaseFileState {
    let path = "\(directory)/\(Self.file)"
    let bytes: [UInt8]?
    do throws(DumpDirectoryError) {
      bytes = try contents(path)?.bytes
    } catch {
      switch error.code {
      case .notFound: return .absent
      // The file exists, but is another user's file, a directory or a link, and can't be read.
      case .notReadable, .outside: bytes = nil
      case .notADirectory, .notWritable, .readOnly, .noSpace, .taken, .inputOutput, .exhausted, .leaseLost: throw error
      }
    }
    if let bytes, let record = LeaseRecord(bytes) { return .record(record) }
    var status = stat()
    guard lstat(path, &status) == 0 else { return .damaged(fingerprint: "") }
    return .damaged(
      fingerprint: "\(status.st_ino) \(status.st_size) \(status.st_mtim.tv_sec).\(status.st_mtim.tv_nsec)")
  }

  /// Whether the process that claimed an epoch is known to have ended.
  package func isKnownDead(makerOf epoch: Int) -> Bool {
    guard epoch > 0, !holder.bootID.isEmpty,
      let claim = try? contents("\(directory)/\(Self.claimPrefix)\(epoch)"),
      let object = try? JSONParser().parseObject(claim.bytes), let maker = LeaseHolder(object),
      maker.name != holder.name, maker.bootID == holder.bootID, object["locked"]?.bool == true,
      // The lock of a living creator is not visible through another mount of the directory.
      let device = object["device"]?.string, device == Self.device(of: claim.file.descriptor)
    else { return false }
    // The lock is shared, so that two processes that try at once don't mistake each other for the creator.
    return flock(claim.file.descriptor, LOCK_SH | LOCK_NB) == 0
  }

  /// The device of the file system that a file is on; empty when it is unknown.
  private static func device(of descriptor: Int32) -> String {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? "\(status.st_dev)" : ""
  }

  private static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  private func moveAside(_ path: String) throws(DumpDirectoryError) -> String {
    for number in 1..<1000 {
      let target = "\(path).moved-aside-\(number)"
      var status = stat()
      guard lstat(target, &status) != 0 else { continue }
      try files.replace(path, to: target)
      return target
    }
    throw DumpDirectoryError("rename", path, errno: EEXIST)
  }

  /// Reads a file of the lease.
  ///
  /// - Returns: the bytes with the open file, or `nil` when it is too large.
  private func contents(_ path: String) throws(DumpDirectoryError) -> (bytes: [UInt8], file: LeaseClaim)? {
    let descriptor = retrying { open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) }
    guard descriptor >= 0 else {
      switch errno {
      case ELOOP: throw DumpDirectoryError(.outside, path, "is a symbolic link")
      // The path is a socket, or a device that does not exist.
      case ENXIO, ENODEV: throw DumpDirectoryError(.outside, path, "is no regular file")
      default: throw DumpDirectoryError(reading: "open", path, errno: errno)
      }
    }
    let file = LeaseClaim(descriptor: descriptor)
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw DumpDirectoryError(reading: "fstat", path, errno: errno) }
    // Reading a pipe could fail in the same way as a failing volume, so it is refused here.
    guard status.st_mode & S_IFMT == S_IFREG else { throw DumpDirectoryError(.outside, path, "is no regular file") }
    var buffer = [UInt8](repeating: 0, count: Self.largestFile)
    var size = 0
    while size < buffer.count {
      let count = buffer.withUnsafeMutableBytes { bytes in
        retrying { read(descriptor, bytes.baseAddress.map { $0 + size }, bytes.count - size) }
      }
      guard count >= 0 else { throw DumpDirectoryError(reading: "read", path, errno: errno) }
      if count == 0 { return (Array(buffer[..<size]), file) }
      size += count
    }
    return nil
  }
}

/// The open file of a claim, locked by its creator. This is a class because it owns a descriptor.
final class LeaseClaim: Sendable {
  let descriptor: Int32

  init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  deinit {
    close(descriptor)
  }
}

/// A record beside `lease.json`, safe on the volume. It is removed unless it replaces `lease.json`.
struct LeaseDraft: ~Copyable {
  fileprivate var file: TemporaryFile
}
