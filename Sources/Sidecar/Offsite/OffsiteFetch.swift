import Clocks
import DumpDirectory
import DumpFormat
import HTTPClient

/// Brings a copy back onto the volume. It gets its name there only when every byte of it verifies.
struct OffsiteFetch {
  let shelf: OffsiteShelf
  let volume: DumpVolume

  /// - Parameter name: of a dump; `nil` for the newest.
  /// - Returns: the file's path, and what is in it.
  func run(_ name: String?) throws -> (path: String, good: Verification.Good) {
    let copies = try shelf.copies(Deadline(in: .seconds(120)))
    guard let copy = copies.first(where: { name == nil ? $0.documents != nil : $0.object.name == name }) else {
      throw OffsiteError(
        .notFound,
        name.map { "there is no copy '\($0)' in S3; there are: \(copies.map(\.object.name).joined(separator: ", "))" }
          ?? "there is no copy of a dump in S3")
    }
    try volume.directory.prepare()
    var good: Verification.Good?
    let path = try volume.directory.adopt(copy.object.name) { file in
      let sink = FileSink(file)
      do {
        try shelf.client.get(copy.object.key, into: sink, OffsiteShelf.deadline(bytes: copy.object.bytes))
      } catch {
        // What the volume says of it is the cause.
        throw sink.failure ?? error
      }
      return sink.file
    } check: { dump in
      good = .init(try dump.inspect(volume.keyring))
    }
    guard let good else { throw OffsiteError(.mismatch, "'\(copy.object.key)' could not be verified") }
    return (path, good)
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
