/// The holder's answer to a report.
struct ShareAnswer: Equatable, Sendable {
  enum Content: Equatable, Sendable {
    /// The holder does not know the session; a new one must begin.
    case unknown
    /// A page of the share.
    case page(SharePage)
    /// Amounts that the standby has from now on, or should lower to.
    case amounts([ShareEntry])
    /// A page of what a holder that stops leaves to the standby.
    case legacy(SharePage)
    /// This many pages of what the standby returns came.
    case returned(Int)
  }

  var holder: UInt64
  var session: UInt64
  var sequence: UInt64
  /// The holder's time in nanoseconds since the epoch.
  var time: Int
  /// Windows that begin before this moment belong to the share, in Unix seconds.
  var fence: Int
  var clears: UInt64
  var content: Content

  var bytes: [UInt8] {
    var writer = ShareWriter()
    writer.add(ShareMessage.version)
    for number in [holder, session, sequence] { writer.add(number) }
    writer.add(Int64(time))
    writer.add(Int64(fence))
    writer.add(clears)
    switch content {
    case .unknown: writer.add(UInt8(0))
    case .page(let page):
      writer.add(UInt8(1))
      SharePage.write(&writer, page)
    case .amounts(let entries):
      writer.add(UInt8(2))
      writer.add(all: entries, ShareEntry.write)
    case .legacy(let page):
      writer.add(UInt8(3))
      SharePage.write(&writer, page)
    case .returned(let pages):
      writer.add(UInt8(4))
      writer.add(UInt32(pages))
    }
    return writer.bytes
  }

  init(
    holder: UInt64, session: UInt64, sequence: UInt64, time: Int, fence: Int, clears: UInt64, _ content: Content
  ) {
    (self.holder, self.session, self.sequence) = (holder, session, sequence)
    (self.time, self.fence, self.clears, self.content) = (time, fence, clears, content)
  }

  init(_ bytes: [UInt8]) throws(ShareFault) {
    guard bytes.count <= ShareMessage.largest else { throw ShareFault() }
    var reader = ShareReader(bytes)
    guard try reader.number(UInt8.self) == ShareMessage.version else { throw ShareFault() }
    (holder, session, sequence) = (try reader.number(), try reader.number(), try reader.number())
    time = try reader.number(Int64.self, in: 0...Int.max)
    fence = try reader.number(Int64.self, in: 0...Int.max)
    clears = try reader.number()
    switch try reader.number(UInt8.self) {
    case 0: content = .unknown
    case 1: content = .page(try SharePage.read(&reader))
    case 2: content = .amounts(try reader.list(ShareEntry.read))
    case 3: content = .legacy(try SharePage.read(&reader))
    case 4: content = .returned(Int(try reader.number(UInt32.self)))
    default: throw ShareFault()
    }
    try reader.end()
  }
}
