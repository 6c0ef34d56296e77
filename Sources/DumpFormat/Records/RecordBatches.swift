/// Gathers records that come one by one into batches. Each group is in at least one batch.
struct RecordBatches {
  /// Bytes from which a batch is full.
  private let size: Int
  private var group: String?
  private var count = 0
  private var content: [UInt8] = []
  /// Whether a batch named the present group.
  private var isNamed = false

  init(size: Int) {
    self.size = size
  }

  /// Begins a group.
  ///
  /// - Returns: the last batch of the group before it, if there is something in it.
  mutating func begin(_ name: String) -> RecordBatch? {
    defer {
      group = name
      isNamed = false
    }
    return end()
  }

  /// Adds a record.
  ///
  /// - Returns: the batch when it is full.
  mutating func append(_ record: UnsafeRawBufferPointer) -> RecordBatch? {
    RecordBatch.append(.record, record, to: &content)
    count += 1
    return content.count < size ? nil : take()
  }

  /// Ends the present group.
  mutating func end() -> RecordBatch? {
    count > 0 || !isNamed ? take() : nil
  }

  private mutating func take() -> RecordBatch? {
    guard let group else { return nil }
    isNamed = true
    defer {
      count = 0
      content = []
      content.reserveCapacity(size + size / 8)
    }
    return RecordBatch(group: group, count: count, isCanonical: false, content: content, range: 0..<content.count)
  }
}
