/// The activity of a connection, and how it ends.
///
/// A value without a clock or a socket, and total: every event is answered in every state. `ConnectionGuard` acts on
/// it.
struct ConnectionState: Sendable, Equatable {
  enum Ending: Sendable, Equatable {
    case notYet
    /// After the answer that was begun last, as its head says.
    ///
    /// - Parameter isReading: whether the body of its request is still read.
    case afterThisAnswer(isReading: Bool)
    /// After the answers to all requests that were taken; the last of them gets `Connection: close`. What comes further
    /// is thrown away.
    case afterAllAnswers
    /// The last answer is out. What still comes is thrown away until the client closes or the time is over.
    case lingering
  }

  /// The action of the shell after an event.
  enum Step: Sendable, Equatable {
    case nothing
    /// Close our side, and the connection when the client has had time to read.
    case linger
  }

  /// Requests that a client may send before the first of them is answered. The connection of one that sends more is
  /// closed after the answers to these.
  static let maximumAhead = 128

  private(set) var ending = Ending.notYet
  private(set) var isReadingBody = false
  /// Requests that are not answered yet.
  private(set) var unanswered = 0
  /// Answers that are complete, and not out yet.
  private(set) var untaken = 0
  /// Whether the client takes what is written.
  var isWritable = true
  /// Whether an answer was begun and has not ended.
  private var isWriting = false
  /// Bytes that came and that nobody took, since the last request began or our side was closed.
  private var unused = 0
  /// How the connection ends after the request that is being read, if it is the last.
  private var endingAfterRequest: Ending?

  /// Whether what comes is read.
  var isReading: Bool {
    switch ending {
    case .notYet, .afterThisAnswer(isReading: true): true
    case .afterThisAnswer, .afterAllAnswers, .lingering: false
    }
  }

  var isLingering: Bool { ending == .lingering }

  /// Whether every request that came is answered, and another one may come.
  var isAtRest: Bool { ending == .notYet && unanswered == 0 && !isReadingBody && !isWriting }

  /// Whether one more request may be sent ahead.
  var hasRoom: Bool { unanswered < Self.maximumAhead }

  /// Whether what is written now belongs to no request: all have their answers.
  var isAnswered: Bool { untaken >= unanswered }

  /// Whether the body that is being read is of no use: its request has its answer.
  var isBodyUnused: Bool { isReadingBody && isAnswered }

  /// Whether more is read at all. What nobody takes is bounded.
  var mayRead: Bool { unused <= UnusedBody.longest }

  /// The activity that the limits count.
  var activity: ConnectionTable.Activity {
    switch unanswered {
    case 0: isReadingBody ? .sending : .idle
    case 1 where isReadingBody: .sending
    default: untaken > 0 || !isWritable ? .taking : .answering
    }
  }

  /// A request is taken: its head is here.
  ///
  /// - Parameters:
  ///   - hasBody: whether the client has to send more.
  ///   - endingAfter: how the connection ends if the request is its last.
  mutating func takeRequest(hasBody: Bool = true, endingAfter: Ending? = nil) {
    isReadingBody = hasBody
    unused = 0
    unanswered += 1
    endingAfterRequest = endingAfter
  }

  /// The request that was taken last may not begin: the connection is being closed for another one.
  mutating func giveUpRequest() {
    isReadingBody = false
    unanswered = max(0, unanswered - 1)
    ending = .lingering
  }

  /// A request was read to its end.
  mutating func endRequest() -> Step {
    isReadingBody = false
    if let endingAfterRequest, ending == .notYet { ending = endingAfterRequest }
    if case .afterThisAnswer = ending { ending = .afterThisAnswer(isReading: false) }
    endingAfterRequest = nil
    return lingerIfAnswered()
  }

  /// The request that is being read is answered before its end, and is the last one.
  mutating func leaveBody() {
    if isReadingBody { endingAfterRequest = .afterAllAnswers }
  }

  /// The body that is being read is late. The client still gets all that is written.
  mutating func giveUpBody() -> Step { untaken > 0 ? end() : linger() }

  /// Bytes came that nobody takes. A body of too many of them is not worth to be read to its end.
  mutating func discard(_ count: Int) -> Step {
    unused += count
    return !mayRead && ending == .notYet ? end() : .nothing
  }

  /// No further request is taken.
  mutating func end() -> Step {
    guard !isLingering else { return .nothing }
    ending = .afterAllAnswers
    return lingerIfAnswered()
  }

  /// The body that is being read can't be followed any further.
  ///
  /// - Returns: whether the answer to its request is still to come, and can say so.
  mutating func failBody() -> (isAnswerDue: Bool, step: Step) {
    guard isReadingBody else { return (false, .nothing) }
    isReadingBody = false
    let isAnswerDue = !isAnswered
    return (isAnswerDue, ending == .notYet ? end() : .nothing)
  }

  /// Whether what is being written is thrown away: everything is answered, so it is about a body that could not be
  /// read.
  var dropsOutput: Bool {
    if case .afterAllAnswers = ending { isAnswered } else { false }
  }

  /// The head of an answer is written.
  ///
  /// - Parameter saysClose: whether it has `Connection: close`.
  /// - Returns: whether it has to get `Connection: close`.
  mutating func writeHead(saysClose: Bool) -> Bool {
    var isLast = false
    // The last request may be answered before it is read to its end.
    if case .afterAllAnswers? = isReading ? endingAfterRequest : ending {
      isLast = untaken + 1 == unanswered
    }
    isWriting = true
    if saysClose || isLast, !isLingering { ending = .afterThisAnswer(isReading: isReading) }
    return isLast && !saysClose
  }

  /// The end of an answer is written, and waits to be out.
  mutating func writeEnd() {
    isWriting = false
    untaken += 1
  }

  /// An answer is out, or its connection is gone.
  mutating func finishAnswer() -> Step {
    untaken = max(0, untaken - 1)
    guard unanswered > 0 else { return .nothing }
    unanswered -= 1
    if case .afterThisAnswer = ending { return isWriting || untaken > 0 ? .nothing : linger() }
    return lingerIfAnswered()
  }

  /// Everything is given up but the time that the client has to read.
  mutating func linger() -> Step {
    guard !isLingering else { return .nothing }
    ending = .lingering
    unused = 0
    return .linger
  }

  private mutating func lingerIfAnswered() -> Step {
    if case .afterAllAnswers = ending, unanswered == 0 { return linger() }
    return .nothing
  }
}
