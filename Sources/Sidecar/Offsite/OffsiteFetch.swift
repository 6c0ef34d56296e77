import Clocks
import DumpDirectory
import DumpFormat
import DumpReports
import HTTPClient
import JSON

/// Fetches a copy back to the volume. It gets its name there only when every byte of it verifies.
struct OffsiteFetch {
  let store: OffsiteStore
  let volume: DumpVolume

  /// Fetches a copy.
  ///
  /// - Parameter name: the name of a dump, of any stem, or `nil` for the newest of the location's.
  /// - Returns: the path of the file, and what it holds.
  func run(_ name: String?) throws -> (path: String, good: Verification.Good) {
    let object = try find(name, Deadline(in: .seconds(120)))
    try volume.directory.prepare()
    let copy = try volume.directory.beginCopy(object.name)
    let sink = FileSink(copy.file)
    do {
      try store.client.get(object.key, into: sink, OffsiteStore.deadline(bytes: object.bytes))
    } catch {
      // A fault of the volume is the cause.
      throw sink.failure ?? error
    }
    let good = Verification.Good(try copy.contents().inspect(volume.keyring))
    return (try copy.publish(), good)
  }

  private func find(_ name: String?, _ deadline: Deadline) throws -> S3Object {
    guard let name else {
      let location = try volume.directory.location
      if let copy = try store.copies(of: location, deadline).first(where: { $0.documents != nil }) {
        return copy.object
      }
      throw OffsiteError(.notFound, "there is no copy of a dump of '\(location.stem)' in S3")
    }
    let objects = try store.objects(deadline)
    if let object = objects.first(where: { $0.name.hasSameBytes(as: name) }) { return object }
    throw OffsiteError(
      .notFound, "there is no copy '\(name)' in S3; there are: \(objects.map(\.name).joined(separator: ", "))")
  }
}

private final class FileSink: HTTPBodySink {
  private(set) var file: DumpFile
  private(set) var failure: (any Error)?

  init(_ file: DumpFile) {
    self.file = file
  }

  func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
    do {
      try file.write(bytes)
      return true
    } catch {
      failure = error
      return false
    }
  }
}
