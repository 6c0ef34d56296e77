import RateLimiting
import Testing

@Suite("Counting in windows")
struct FixedWindowLimiterTests {
  @Test("allows the limit, then refuses until the window is over")
  func windows() {
    var limiter = FixedWindowLimiter<String>(limit: 2, window: 300)
    let decisions = [0, 10, 20, 299, 300].map { limiter.count("a", now: Double($0)) }
    #expect(decisions.map(\.isAllowed) == [true, true, false, false, true])
    #expect(decisions.map(\.remaining) == [1, 0, 0, 0, 1])
    #expect(decisions.map(\.secondsToReset) == [300, 290, 280, 1, 300])
  }

  @Test("keeps keys apart")
  func keys() {
    var limiter = FixedWindowLimiter<String>(limit: 1, window: 60)
    let decisions = ["a", "b", "a"].map { limiter.count($0, now: 0).isAllowed }
    #expect(decisions == [true, true, false])
  }

  @Test("bounds its memory: too many keys share a window, and keys with ended windows are removed")
  func memory() {
    var limiter = FixedWindowLimiter<Int>(limit: 1, window: 60, maximumKeys: 3)
    let first = (0..<5).map { limiter.count($0, now: 0).isAllowed }
    #expect(first == [true, true, true, true, false])
    let later = (5..<8).map { limiter.count($0, now: 61).isAllowed }
    #expect(later == [true, true, true])
  }

  @Test("never drops a full window for new keys, and searches for ended windows at most once a second")
  func flood() {
    var limiter = FixedWindowLimiter<Int>(limit: 1, window: 60, maximumKeys: 1000)
    for key in 0..<1000 { #expect(limiter.count(key, now: 0).isAllowed) }
    for key in 1000..<50_000 { _ = limiter.count(key, now: 59) }
    for key in 0..<1000 { #expect(!limiter.count(key, now: 59.5).isAllowed) }
    #expect(limiter.count(60_000, now: 60).isAllowed)
  }
}
