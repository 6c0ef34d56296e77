import Glibc
import JSON

/// The files of a volume's lease: `lease.json`, and a claim `.lease-epoch-N` for each epoch that was given out lately.
///
/// A claim is created exclusively, which is atomic on NFS too. Its maker keeps it locked as long as it lives, and writes into
/// it on which kernel and through which mount: a process that reads that, sees the file through the same mount of the same kernel,
/// and gets the lock, knows that the maker has ended. Between two kernels, and between two mounts of one, a lock says nothing.
///
/// `.gatehouse-lease.json` names the highest epoch that was ever claimed (`LeasePast`). It stays when the other files are removed.
package struct LeaseVolume: Sendable {
  package static let file = "lease.json"
  static let claimPrefix = ".lease-epoch-"
  static let pastFile = ".gatehouse-lease.json"
  /// What is larger is no lease.
  private static let largestFile = 64 << 10

  package let directory: String
  package let holder: LeaseHolder
  private let files: any FileOperations

  package init(directory: String, holder: LeaseHolder, files: any FileOperations = LiveFileOperations()) {
    self.directory = directory
    self.holder = holder
    self.files = files
  }

  /// Looks at the lease. Nothing changes.
  package func look() throws(DumpDirectoryError) -> LeaseLook {
    let lease = try sighting()
    // After the file: a claim that was made before this look is in it.
    let claims = try DumpDirectory.names(in: directory).compactMap(Self.epoch(ofClaim:))
    let look = LeaseLook(lease: lease, claims: claims)
    return LeaseLook(
      lease: lease, claims: claims, isHolderDead: isDead(makerOf: look.highestEpoch),
      past: LeaseLook.isIncomplete(lease, claims) ? try past() : nil)
  }

  /// Makes the directory, which is gone, or could not be made on a volume that was full.
  func makeDirectory() throws(DumpDirectoryError) { try files.makeDirectories(directory) }

  /// Claims an epoch.
  ///
  /// - Returns: the claim; `nil` when another has it.
  func claim(_ epoch: Int) throws(DumpDirectoryError) -> LeaseClaim? {
    let path = "\(directory)/\(Self.claimPrefix)\(epoch)"
    guard let descriptor = try files.create(path) else { return nil }
    let claim = LeaseClaim(descriptor: descriptor)
    // A file system without locks: only time tells the others whether we live.
    let isLocked = flock(descriptor, LOCK_EX | LOCK_NB) == 0
    let text = JSONWriter.bytes(
      holder.json.merging(["locked": .bool(isLocked), "device": .string(Self.device(of: descriptor))]))
    // The claim is the name. What stands in it only helps, so a volume that is full here costs nothing.
    try? files.write(descriptor, text, path)
    return claim
  }

  /// Writes a record beside `lease.json`, safe on the volume, to be put in its place.
  func draft(_ record: LeaseRecord) throws(DumpDirectoryError) -> LeaseDraft {
    let file = try TemporaryFile(for: Self.file, in: directory, files: files)
    try file.write(JSONWriter.bytes(record.json))
    try file.synchronize()
    return LeaseDraft(file: file)
  }

  /// Puts a draft in the place of `lease.json`; the name is safe when this returns.
  ///
  /// - Returns: the new name of a directory that stood there, which no file can replace; `nil` in the usual case.
  func replace(with draft: consuming LeaseDraft) throws(DumpDirectoryError) -> String? {
    let path = "\(directory)/\(Self.file)"
    let aside = Self.isDirectory(path) ? try moveAside(path) : nil
    try draft.file.replace(path)
    try files.synchronizeDirectory(directory)
    return aside
  }

  /// Notes that an epoch is about to be claimed.
  ///
  /// - Returns: the epoch that another process announced before, when it is not below this one: nothing is noted then.
  func announce(_ epoch: Int) throws(DumpDirectoryError) -> Int? {
    if let past = try past(), past.epoch >= epoch, past.holder != holder.name { return past.epoch }
    var file = try TemporaryFile(for: Self.pastFile, in: directory, files: files)
    let text = JSONWriter.bytes(["highest_epoch": .integer(epoch), "holder": .string(holder.name)] as JSONObject)
    try file.write(text)
    try file.synchronize()
    let path = "\(directory)/\(Self.pastFile)"
    if Self.isDirectory(path) { _ = try moveAside(path) }
    try file.replace(path)
    return nil
  }

  /// Whether the name of an epoch's claim still is that file.
  func isInPlace(_ claim: borrowing LeaseClaim, _ epoch: Int) -> Bool {
    var (held, named) = (stat(), stat())
    return fstat(claim.descriptor, &held) == 0 && lstat("\(directory)/\(Self.claimPrefix)\(epoch)", &named) == 0
      && held.st_ino == named.st_ino && held.st_dev == named.st_dev
  }

  /// Removes claims of older epochs; that one stays is no failure.
  func removeClaims(_ claims: [Int], below epoch: Int) {
    for claim in claims where claim < epoch { try? files.unlink("\(directory)/\(Self.claimPrefix)\(claim)") }
  }

  /// Why nobody can take the lease when the highest epoch that there can be was given out.
  var lastEpoch: DumpDirectoryError {
    DumpDirectoryError(
      .inputOutput, directory,
      "'\(Self.file)', '\(Self.pastFile)', a claim '\(Self.claimPrefix)N' or a dump names the highest epoch that there can be, so no task can take the lease; no task came there by taking leases: stop all tasks and move that file away"
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
  /// The last claim that was announced; `nil` on a volume that never had a lease.
  private func past() throws(DumpDirectoryError) -> LeasePast? {
    // The file is there, so the volume had a lease, whatever became of the number.
    let unknown = LeasePast(epoch: 0, holder: "")
    do throws(DumpDirectoryError) {
      guard let bytes = try contents("\(directory)/\(Self.pastFile)")?.bytes,
        let object = try? JSONParser().parseObject(bytes), let epoch = object["highest_epoch"]?.number?.int,
        LeaseEpoch.isSane(epoch)
      else { return unknown }
      return LeasePast(epoch: epoch, holder: object["holder"]?.string ?? "")
    } catch {
      switch error.code {
      case .notFound: return nil
      case .notReadable, .outside: return unknown
      case .notADirectory, .notWritable, .readOnly, .noSpace, .taken, .inputOutput, .exhausted, .leaseLost: throw error
      }
    }
  }

  private func sighting() throws(DumpDirectoryError) -> LeaseSighting {
    let path = "\(directory)/\(Self.file)"
    let bytes: [UInt8]?
    do throws(DumpDirectoryError) {
      bytes = try contents(path)?.bytes
    } catch {
      switch error.code {
      case .notFound: return .absent
      // Another user's file, a directory, a link: it is there, and says nothing.
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

  private func isDead(makerOf epoch: Int) -> Bool {
    guard epoch > 0, !holder.bootID.isEmpty,
      let claim = try? contents("\(directory)/\(Self.claimPrefix)\(epoch)"),
      let object = try? JSONParser().parseObject(claim.bytes), let maker = LeaseHolder(object),
      maker.name != holder.name, maker.bootID == holder.bootID, object["locked"]?.bool == true,
      // Through another mount of the same directory the lock of a living maker is not seen.
      let device = object["device"]?.string, device == Self.device(of: claim.file.descriptor)
    else { return false }
    // Shared, so that two who try at once don't take each other for the maker.
    return flock(claim.file.descriptor, LOCK_SH | LOCK_NB) == 0
  }

  /// Names the mounted file system that a file is seen through; empty when that can't be told.
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

  /// - Returns: `nil` for a file that is too large.
  private func contents(_ path: String) throws(DumpDirectoryError) -> (bytes: [UInt8], file: LeaseClaim)? {
    let descriptor = retrying { open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) }
    guard descriptor >= 0 else {
      switch errno {
      case ELOOP: throw DumpDirectoryError(.outside, path, "is a symbolic link")
      // A socket, or a device that is not there.
      case ENXIO, ENODEV: throw DumpDirectoryError(.outside, path, "is no regular file")
      default: throw DumpDirectoryError(reading: "open", path, errno: errno)
      }
    }
    let file = LeaseClaim(descriptor: descriptor)
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw DumpDirectoryError(reading: "fstat", path, errno: errno) }
    // A pipe that someone writes to would look like a volume that fails.
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

/// A claim's open file; locked by its maker. A class, since it owns a descriptor.
final class LeaseClaim: Sendable {
  let descriptor: Int32

  init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  deinit {
    close(descriptor)
  }
}

/// A record beside `lease.json`, safe on the volume. It is removed unless it is put in place.
struct LeaseDraft: ~Copyable {
  fileprivate var file: TemporaryFile
}
