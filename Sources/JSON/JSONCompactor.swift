/// Brings JSON objects into the spelling that `JSONWriter` has for them, in one pass over their bytes and without
/// building values.
///
/// The result is `JSONWriter.bytes` of what `JSONParser` with the python dialect reads, and an object that is refused is
/// refused with the same error. Bytes that have that spelling already are copied as they stand.
package struct JSONCompactor: Sendable {
  private let maximumDepth: Int
  // Used again for each object, which saves most of their cost.
  private var memory: [UInt8] = []
  private var containers = OpenContainers()

  /// - Parameter maximumDepth: how deep arrays and objects may be nested.
  package init(maximumDepth: Int) {
    self.maximumDepth = maximumDepth
  }

  /// - Parameter source: the text of one object.
  /// - Returns: its one spelling.
  /// - Throws: `JSONError` when it is not one JSON object.
  package mutating func compact(_ source: UnsafeRawBufferPointer) throws(JSONError) -> [UInt8] {
    let size = CompactOutput.size(for: source)
    if memory.count < size { memory = [UInt8](repeating: 0, count: max(size, Self.usualSize)) }
    var containers = OpenContainers()
    swap(&containers, &self.containers)
    defer {
      containers.removeAll()
      swap(&containers, &self.containers)
      // What one huge document needed is not kept.
      if memory.count > Self.largestKept { memory = [] }
    }
    return try memory.withUnsafeMutableBytes { memory in
      Result { () throws(JSONError) in
        var pass = CompactingPass(source: source, maximumDepth: maximumDepth, memory: memory)
        pass.exchange(&containers)
        defer { pass.exchange(&containers) }
        return try pass.run()
      }
    }.get()
  }

  /// Bytes: enough for nearly all documents.
  private static let usualSize = 16 << 10
  private static let largestKept = 1 << 20
}
