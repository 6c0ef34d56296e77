import Testing

@testable import Gateway

@Suite("The state of a circuit breaker")
struct BreakerStateTests {
  private func breaker(failures: Int = 0) -> BreakerState {
    var breaker = BreakerState(threshold: 3, pause: 100)
    for _ in 0..<failures { breaker.fail(begun: 900, now: 1000) }
    return breaker
  }

  private func admissions(_ breaker: inout BreakerState, _ times: [UInt64]) -> [Bool] {
    times.map { breaker.admit(now: $0) }
  }

  @Test("opens after failures in a row, and a success between them begins the count anew")
  func opening() {
    var breaker = breaker(failures: 2)
    breaker.succeed(begun: 900)
    breaker.fail(begun: 900, now: 1000)
    breaker.fail(begun: 900, now: 1000)
    #expect(breaker.isClosed)
    let closed = admissions(&breaker, [1000, 1000])
    #expect(closed == [true, true])
    breaker.fail(begun: 900, now: 1000)
    #expect(breaker.phase == .open(until: 1100))
    let open = admissions(&breaker, [1000, 1099])
    #expect(open == [false, false])
  }

  @Test("lets one call try after the pause, and another one only after another pause: the first may never end")
  func trying() {
    var breaker = breaker(failures: 3)
    let trying = admissions(&breaker, [1100, 1100, 1199, 1200, 1201])
    #expect(trying == [true, false, false, true, false])
  }

  @Test("closes when the trying call succeeds, and opens again when it fails")
  func decision() {
    var good = breaker(failures: 3)
    _ = good.admit(now: 1100)
    good.succeed(begun: 1100)
    #expect(good.phase == .closed(since: 1100) && good.failures == 0)
    var bad = breaker(failures: 3)
    _ = bad.admit(now: 1100)
    bad.fail(begun: 1100, now: 1110)
    #expect(bad.phase == .open(until: 1210))
    let again = admissions(&bad, [1209, 1210])
    #expect(again == [false, true])
  }

  @Test("is not changed by calls that end late: while it is open, while one tries, and when it is closed again")
  func lateEnds() {
    var breaker = breaker(failures: 3)
    breaker.succeed(begun: 900)
    breaker.fail(begun: 900, now: 1050)
    #expect(breaker.phase == .open(until: 1100))
    _ = breaker.admit(now: 1200)
    breaker.succeed(begun: 900)
    breaker.fail(begun: 900, now: 1210)
    #expect(breaker.phase == .trying(since: 1200, until: 1300))
    _ = breaker.admit(now: 1300)
    #expect(breaker.phase == .trying(since: 1200, until: 1400))
    breaker.succeed(begun: 1200)
    #expect(breaker.phase == .closed(since: 1200), "a call that takes longer than the pause decides, too")
    for _ in 0..<3 { breaker.fail(begun: 900, now: 1320) }
    #expect(breaker.phase == .closed(since: 1200) && breaker.failures == 0)
    for _ in 0..<2 { breaker.fail(begun: 1300, now: 1330) }
    breaker.succeed(begun: 900)
    breaker.fail(begun: 1330, now: 1340)
    #expect(breaker.phase == .open(until: 1440))
  }
}

@Suite("A circuit breaker")
struct CircuitBreakerTests {
  private func breaker(isEnabled: Bool = true, threshold: Int = 5) -> CircuitBreaker {
    CircuitBreaker(.init(isEnabled: isEnabled, threshold: threshold, pause: 100))
  }

  @Test("refuses calls after its failures in a row, and says what it does")
  func phases() {
    let breaker = breaker()
    #expect(breaker.phaseName == "closed")
    for _ in 0..<4 { breaker.fail(begun: 0, now: 0) }
    #expect(breaker.admit(now: 0) && breaker.isClosed && breaker.phaseName == "closed")
    breaker.fail(begun: 0, now: 0)
    #expect(!breaker.admit(now: 99) && !breaker.isClosed && breaker.phaseName == "open")
    #expect(breaker.admit(now: 100) && !breaker.admit(now: 100) && breaker.phaseName == "half-open")
    breaker.succeed(begun: 0)
    #expect(!breaker.admit(now: 101) && !breaker.isClosed && breaker.phaseName == "half-open", "that call is late")
    breaker.succeed(begun: 100)
    #expect(breaker.admit(now: 101) && breaker.admit(now: 101) && breaker.phaseName == "closed")
    for _ in 0..<5 { breaker.fail(begun: 99, now: 200) }
    #expect(breaker.isClosed, "these calls are late")
    for _ in 0..<5 { breaker.fail(begun: 200, now: 200) }
    #expect(!breaker.admit(now: 200), "it opens a second time, too")
  }

  @Test("lets everything pass when it is off, and opens at the first failure with a threshold below 1")
  func settings() {
    let off = breaker(isEnabled: false)
    for _ in 0..<100 { off.fail(begun: 0, now: 0) }
    #expect(off.admit(now: 0) && off.phaseName == "closed")
    let strict = breaker(threshold: 0)
    #expect(strict.admit(now: 0))
    strict.fail(begun: 0, now: 0)
    #expect(!strict.admit(now: 0))
  }
}

@Suite("The rules of retries")
struct RetryRulesTests {
  @Test("count a server's 500, 502, 503 and 504 as failures, and nothing else")
  func failures() {
    #expect((100...599).filter(RetryRules.isFailure) == [500, 502, 503, 504])
  }

  @Test("wait a random part of a bound that doubles up to the longest pause")
  func delays() {
    let rules = RetryRules(baseDelay: 0.25, maximumDelay: 2)
    #expect((0...5).map { rules.delay(before: $0, random: 1) / 1_000_000 } == [250, 500, 1000, 2000, 2000, 2000])
    #expect(rules.delay(before: 3, random: 0.5) == 1_000_000_000)
    #expect(rules.delay(before: 3, random: 0) == 0)
    #expect(rules.delay(before: .max, random: 1) == 2_000_000_000)
    #expect(RetryRules(baseDelay: 5, maximumDelay: 2).delay(before: 0, random: 1) == 2_000_000_000)
  }
}
