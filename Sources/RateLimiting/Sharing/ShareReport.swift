/// The report of a task on standby to the holder.
struct ShareReport: Equatable, Sendable {
  enum Stage: UInt8, Sendable {
    /// It has no share, or is getting one.
    case joining = 0
    case sharing = 1
    /// It has given up its share.
    case leaving = 2
  }

  /// A counter that was used.
  struct Line: Equatable, Sendable {
    let entry: ShareEntry
    let used: Int
    /// Whether a call was refused.
    let isShort: Bool

    /// The bytes beside the entry.
    static let overhead = 9

    var size: Int { entry.size + Self.overhead }

    static func write(_ writer: inout ShareWriter, _ line: Line) {
      ShareEntry.write(&writer, line.entry)
      writer.add(Int64(line.used))
      writer.add(UInt8(line.isShort ? 1 : 0))
    }

    static func read(_ reader: inout ShareReader) throws(ShareFault) -> Line {
      Line(
        entry: try ShareEntry.read(&reader), used: try reader.number(Int64.self, in: 0...Int.max),
        isShort: try reader.flag())
    }
  }

  /// Random; each share has its own.
  var session: UInt64
  /// The holder's random name, or 0 before it is known.
  var holder: UInt64
  /// Counts the reports of the session.
  var sequence: UInt64
  var stage: Stage
  /// The transfer that is in force, or 0.
  var transfer: UInt32
  /// The transfer of which pages came, and their number.
  var incoming: UInt32
  var pages: Int
  /// How often the counters of calls were cleared.
  var clears: UInt64
  /// A page of what a leaving task returns, or of what a sharing one brings from the holder before.
  var page: SharePage?
  var lines: [Line]

  var bytes: [UInt8] {
    var writer = ShareWriter()
    writer.add(ShareMessage.version)
    writer.add(session)
    writer.add(holder)
    writer.add(sequence)
    writer.add(stage.rawValue)
    writer.add(transfer)
    writer.add(incoming)
    writer.add(UInt32(pages))
    writer.add(clears)
    writer.add(UInt8(page == nil ? 0 : 1))
    if let page { SharePage.write(&writer, page) }
    writer.add(all: lines, Line.write)
    return writer.bytes
  }

  init(
    session: UInt64, holder: UInt64, sequence: UInt64, stage: Stage, transfer: UInt32, incoming: UInt32, pages: Int,
    clears: UInt64, page: SharePage? = nil, lines: [Line] = []
  ) {
    (self.session, self.holder, self.sequence, self.stage) = (session, holder, sequence, stage)
    (self.transfer, self.incoming, self.pages, self.clears) = (transfer, incoming, pages, clears)
    (self.page, self.lines) = (page, lines)
  }

  init(_ bytes: [UInt8]) throws(ShareFault) {
    guard bytes.count <= ShareMessage.largest else { throw ShareFault() }
    var reader = ShareReader(bytes)
    guard try reader.number(UInt8.self) == ShareMessage.version else { throw ShareFault() }
    (session, holder, sequence) = (try reader.number(), try reader.number(), try reader.number())
    guard let stage = Stage(rawValue: try reader.number()) else { throw ShareFault() }
    self.stage = stage
    (transfer, incoming) = (try reader.number(), try reader.number())
    pages = Int(try reader.number(UInt32.self))
    clears = try reader.number()
    page = try reader.flag() ? try SharePage.read(&reader) : nil
    lines = try reader.list(Line.read)
    try reader.end()
  }
}
