import TestSupport
import Testing

@testable import Listener

@Suite("The state of a connection")
struct ConnectionStateTests {
  @Test("A connection that takes a request sends, is answered, and idles again")
  func oneRequest() {
    var state = ConnectionState()
    #expect(state.activity == .idle)
    state.takeRequest()
    #expect(state.activity == .sending)
    #expect(state.endRequest() == .nothing)
    #expect(state.activity == .answering)
    state.isWritable = false
    #expect(state.activity == .taking)
    state.isWritable = true
    #expect(state.writeHead(saysClose: false) == false)
    state.writeEnd()
    #expect(state.activity == .taking)
    #expect(state.finishAnswer() == .nothing)
    #expect(state.activity == .idle)
    #expect(state.isReading)
  }

  @Test("An answer that says close ends the connection when it is out")
  func closeByAnswer() {
    var state = ConnectionState()
    state.takeRequest()
    #expect(state.endRequest() == .nothing)
    #expect(state.writeHead(saysClose: true) == false)
    state.writeEnd()
    #expect(state.finishAnswer() == .linger)
    #expect(!state.isReading)
  }

  @Test("The last request's answer announces the end, those before it don't")
  func announcedEnd() {
    var state = ConnectionState()
    state.takeRequest()
    #expect(state.endRequest() == .nothing)
    state.takeRequest(endingAfter: .afterAllAnswers)
    #expect(state.endRequest() == .nothing)
    #expect(!state.isReading)
    #expect(state.writeHead(saysClose: false) == false)
    state.writeEnd()
    #expect(state.finishAnswer() == .nothing)
    #expect(state.writeHead(saysClose: false) == true)
    state.writeEnd()
    #expect(state.finishAnswer() == .linger)
  }

  @Test("A body that fails is reported while its answer is due, and ends the connection otherwise")
  func failedBody() {
    var due = ConnectionState()
    due.takeRequest()
    #expect(due.failBody() == (true, .nothing))
    #expect(due.writeHead(saysClose: false) == true, "no further request can be found")
    var answered = ConnectionState()
    answered.takeRequest()
    _ = answered.writeHead(saysClose: false)
    answered.writeEnd()
    _ = answered.finishAnswer()
    #expect(answered.failBody() == (false, .linger))
    #expect(answered.failBody() == (false, .nothing))
  }

  @Test("An early answer of the last request ends the connection, and the rest of the request is thrown away")
  func earlyLastAnswer() {
    var state = ConnectionState()
    state.takeRequest(endingAfter: .afterAllAnswers)
    #expect(state.writeHead(saysClose: false) == true)
    state.writeEnd()
    #expect(state.finishAnswer() == .linger)
    #expect(state.endRequest() == .nothing)
  }

  @Test("An early answer of the last request announces the end, too")
  func earlyAnnouncedEnd() {
    var state = ConnectionState()
    state.takeRequest(hasBody: false, endingAfter: .afterAllAnswers)
    #expect(state.writeHead(saysClose: false) == true)
    state.writeEnd()
    #expect(state.finishAnswer() == .linger)
  }

  @Test("An answer that says close waits for the one before it to be out")
  func closeBehindAnotherAnswer() {
    var state = ConnectionState()
    for saysClose in [false, true] {
      state.takeRequest(hasBody: false)
      #expect(state.writeHead(saysClose: saysClose) == false)
      state.writeEnd()
    }
    #expect(state.finishAnswer() == .nothing)
    #expect(state.finishAnswer() == .linger)
  }

  @Test("A body that was answered is read up to a bound, and behind the end of our side there is another one")
  func unusedBody() {
    var state = ConnectionState()
    state.takeRequest()
    #expect(!state.isBodyUnused)
    _ = state.writeHead(saysClose: false)
    state.writeEnd()
    #expect(state.isBodyUnused)
    #expect(state.finishAnswer() == .nothing)
    #expect(state.discard(UnusedBody.longest) == .nothing)
    #expect(state.mayRead && state.isReading)
    #expect(state.discard(1) == .linger)
    #expect(state.mayRead && !state.isReading)
    #expect(state.discard(UnusedBody.longest) == .nothing)
    #expect(state.mayRead)
    #expect(state.discard(1) == .nothing)
    #expect(!state.mayRead)
  }

  @Test("Behind the bound nothing is read before the client has taken its answer")
  func unusedBodyOfSlowReader() {
    var state = ConnectionState()
    state.takeRequest()
    _ = state.writeHead(saysClose: false)
    state.writeEnd()
    #expect(state.discard(UnusedBody.longest + 1) == .nothing)
    #expect(!state.mayRead)
    #expect(state.finishAnswer() == .linger)
    #expect(state.mayRead)
  }

  @Test("A body that is late ends the connection behind the answers that the client has not taken")
  func lateBody() {
    var state = ConnectionState()
    state.takeRequest()
    _ = state.writeHead(saysClose: false)
    state.writeEnd()
    #expect(state.giveUpBody() == .nothing)
    #expect(!state.isReading && state.dropsOutput)
    #expect(state.finishAnswer() == .linger)
    var taken = ConnectionState()
    taken.takeRequest()
    #expect(taken.giveUpBody() == .linger)
  }

  @Test("An answer before the end of a body that is left says close, and no request is read behind that body")
  func leftBody() {
    var state = ConnectionState()
    state.takeRequest()
    state.leaveBody()
    #expect(state.writeHead(saysClose: false) == true)
    state.writeEnd()
    #expect(state.isReading)
    #expect(state.endRequest() == .nothing)
    #expect(!state.isReading)
    #expect(state.finishAnswer() == .linger)
    var whole = ConnectionState()
    whole.takeRequest(hasBody: false)
    whole.leaveBody()
    #expect(whole.writeHead(saysClose: false) == false)
  }

  @Test("No order of events breaks the state", arguments: 0..<200)
  func simulation(seed: Int) {
    var random = SeededGenerator(seed: UInt64(seed))
    var state = ConnectionState()
    var lingers = 0
    for _ in 0..<300 {
      let before = state
      var step = ConnectionState.Step.nothing
      switch Int.random(in: 0..<13, using: &random) {
      case 0, 1:
        if state.isReading, state.hasRoom, !state.isReadingBody {
          state.takeRequest(
            endingAfter: Int.random(in: 0..<20, using: &random) == 0 ? .afterAllAnswers : nil)
        } else if Int.random(in: 0..<30, using: &random) == 0 {
          step = state.end()
        }
      case 2, 3: if state.isReadingBody { step = state.endRequest() }
      case 4, 5:
        if !state.dropsOutput, state.untaken < state.unanswered {
          _ = state.writeHead(saysClose: Int.random(in: 0..<20, using: &random) == 0)
          state.writeEnd()
        }
      case 6, 7: step = state.finishAnswer()
      case 8: state.isWritable.toggle()
      case 9:
        if state.isBodyUnused || !state.isReading {
          step = state.discard(Int.random(in: 0...UnusedBody.longest / 4, using: &random))
        }
      case 10: if Int.random(in: 0..<20, using: &random) == 0 { state.leaveBody() }
      case 11:
        if Int.random(in: 0..<20, using: &random) == 0, state.activity == .sending { step = state.giveUpBody() }
      default: if Int.random(in: 0..<20, using: &random) == 0 { step = state.failBody().step }
      }
      if step == .linger { lingers += 1 }
      #expect(state.mayRead || state.ending != .notYet, "a connection that goes on is read")
      #expect(state.unanswered >= 0 && state.untaken >= 0 && state.unanswered <= ConnectionState.maximumAhead)
      #expect(lingers <= 1, "our side is closed once")
      #expect((step == .linger) == (state.isLingering && !before.isLingering))
      #expect(!before.isLingering || state.isLingering, "there is no way back")
      #expect(before.isReading || !state.isReading, "what is not read any more is not read later")
      if state.unanswered == 0, !state.isReadingBody { #expect(state.activity == .idle) }
      if case .afterAllAnswers = state.ending {
        #expect(state.unanswered > 0 || state.isReadingBody || step == .linger)
      }
    }
  }
}
