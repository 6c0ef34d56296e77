/// Counts on the thread that reads. A class: it is called for each block and keeps what it has counted.
final class DirectCounting: BlockCounting {
  private var counter: DMP1Counter
  private var spare = SealedBlock()

  init(_ counter: DMP1Counter) {
    self.counter = counter
  }

  func spareBlock() -> SealedBlock? {
    defer { spare = SealedBlock() }
    return spare
  }

  func count(_ block: consuming SealedBlock) throws(DumpFormatError) {
    var block = block
    try counter.count(&block)
    spare = block
  }

  func finish() -> Result<DMP1Scanner.Content?, DumpFormatError> {
    Result { () throws(DumpFormatError) in try counter.finish() }
  }
}
