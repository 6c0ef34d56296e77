/// A volume up to some operation, and what a crash leaves of it.
///
/// Synchronized writes are kept. Anything of each other write may be kept: nothing, all, a part, or parts with zeros
/// between. Any of the other changes of the directory may be kept, except that two of one name keep their order.
struct CrashedVolume {
  private struct File {
    var safe: [UInt8] = []
    var pending: [(offset: Int, bytes: [UInt8])] = []
  }

  private var files: [Int: File] = [:]
  private var names: [String: Int] = [:]
  private var changes: [(name: String, file: Int?)] = []

  /// Whether nothing is left to chance.
  var isSettled: Bool { changes.isEmpty && names.values.allSatisfy { files[$0]?.pending.isEmpty ?? true } }

  mutating func apply(_ operation: RecordedVolume.Operation) {
    switch operation {
    case .create(let file, let name):
      files[file] = File()
      changes.append((name, file))
    case .write(let file, let offset, let bytes): files[file]?.pending.append((offset, bytes))
    case .synchronize(let file):
      for (offset, bytes) in files[file]?.pending ?? [] { files[file]?.safe.put(bytes[...], at: offset) }
      files[file]?.pending = []
    case .link(let file, let name): changes.append((name, file))
    case .unlink(let name): changes.append((name, nil))
    case .synchronizeDirectory:
      for change in changes { names[change.name] = change.file }
      changes = []
    }
  }

  /// The files after a crash, and a number that tells apart what different crashes leave.
  func survivors(using generator: inout some RandomNumberGenerator) -> (files: [String: [UInt8]], choice: Int) {
    var choice = Hasher()
    var names = names
    // A journal of the file system keeps the changes up to one; others keep any.
    let kept = Bool.random(using: &generator) ? Int.random(in: 0...changes.count, using: &generator) : nil
    for (index, change) in changes.enumerated()
    where kept.map({ index < $0 }) ?? Bool.random(using: &generator) { names[change.name] = change.file }
    var result: [String: [UInt8]] = [:]
    // Names in order, so that a seed gives the same choices again.
    for (name, number) in names.sorted(by: { $0.key < $1.key }) where !name.hasPrefix(".") {
      guard let file = files[number] else { continue }
      var content = file.safe
      choice.combine(name)
      if !file.pending.isEmpty {
        for write in file.pending { Self.keepSome(of: write, in: &content, using: &generator) }
        choice.combine(content)
      }
      result[name] = content
    }
    return (result, choice.finalize())
  }

  private static func keepSome(
    of write: (offset: Int, bytes: [UInt8]), in content: inout [UInt8],
    using generator: inout some RandomNumberGenerator
  ) {
    let count = write.bytes.count
    func place(_ generator: inout some RandomNumberGenerator) -> Int { Int.random(in: 0...count, using: &generator) }
    switch Int.random(in: 0..<6, using: &generator) {
    case 0: break
    case 1: content.put(write.bytes[...], at: write.offset)
    case 2: content.put(write.bytes[..<place(&generator)], at: write.offset)
    case 3:
      content.extend(to: write.offset + count)
      content.put(write.bytes[..<place(&generator)], at: write.offset)
    default:
      // The size is kept, and pieces of the contents.
      content.extend(to: write.offset + count)
      var places = (0..<4).map { _ in place(&generator) }
      places.sort()
      content.put(write.bytes[places[0]..<places[1]], at: write.offset + places[0])
      content.put(write.bytes[places[2]..<places[3]], at: write.offset + places[2])
    }
  }
}

extension [UInt8] {
  fileprivate mutating func extend(to size: Int) {
    if count < size { append(contentsOf: [UInt8](repeating: 0, count: size - count)) }
  }

  fileprivate mutating func put(_ bytes: ArraySlice<UInt8>, at offset: Int) {
    guard !bytes.isEmpty else { return }
    extend(to: offset + bytes.count)
    replaceSubrange(offset..<offset + bytes.count, with: bytes)
  }
}
