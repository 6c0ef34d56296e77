/// Rewrites JSON objects in the spelling of `JSONWriter`, in one pass over their bytes and without building values.
///
/// The result equals `JSONWriter.bytes` of the value that `JSONParser` reads with the python dialect. A text that the
/// parser refuses is refused with the same error. Bytes that already have that spelling are copied unchanged.
package struct JSONCompactor: Sendable {
  private let maximumDepth: Int
  // The memory is reused for each object, which saves most of the cost.
  private var memory: [UInt8] = []
  private var containers = OpenContainers()

  /// - Parameter maximumDepth: the largest number of nested arrays and objects.
  package init(maximumDepth: Int) {
    self.maximumDepth = maximumDepth
  }

  /// Rewrites one object.
  ///
  /// - Parameter source: the text of one object.
  /// - Returns: the object in compact form.
  /// - Throws: `JSONError` when the text is not one JSON object.
  package mutating func compact(_ source: UnsafeRawBufferPointer) throws(JSONError) -> [UInt8] {
    let size = CompactOutput.size(for: source)
    if memory.count < size { memory = [UInt8](repeating: 0, count: max(size, Self.usualSize)) }
    var containers = OpenContainers()
    swap(&containers, &self.containers)
    defer {
      containers.removeAll()
      swap(&containers, &self.containers)
      // The memory that one huge document needed is not kept.
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

  /// The memory that is kept between objects, in bytes. It suffices for nearly all documents.
  private static let usualSize = 16 << 10
  private static let largestKept = 1 << 20
}
