import Model
import Testing

@Suite("A cache of two generations")
struct GenerationalCacheTests {
  private func find(_ key: Int, in cache: inout GenerationalCache<Int, Int>) -> Int? { cache.find(key) { _ in true } }

  @Test("keeps no more than its capacity, and what is used while others come", arguments: [2, 3, 16, 17])
  func bounds(capacity: Int) {
    var cache = GenerationalCache<Int, Int>(capacity: capacity)
    cache.insert(-1, for: -1)
    for number in 0..<1000 {
      cache.insert(number, for: number)
      #expect(cache.count <= capacity && find(-1, in: &cache) == -1)
    }
    #expect(find(0, in: &cache) == nil && find(999, in: &cache) == 999)
  }

  @Test("has one value a key: the newest one")
  func newest() {
    var cache = GenerationalCache<Int, Int>(capacity: 4)
    for (key, value) in [(1, 10), (2, 20), (3, 30), (1, 11), (1, 12)] { cache.insert(value, for: key) }
    #expect(cache.count == 3)
    #expect(find(1, in: &cache) == 12 && find(2, in: &cache) == 20 && find(3, in: &cache) == 30)
  }

  @Test("gives up once a minute what no longer counts, and keeps the rest, however seldom it is used")
  func sweep() {
    var cache = GenerationalCache<Int, Int>(capacity: 20)
    func sweep(now: Int, over limit: Int) { cache.sweep(now: now) { $0 >= limit } }
    sweep(now: 1000, over: 0)
    // In both generations.
    for number in 0..<15 { cache.insert(number, for: number) }
    sweep(now: 1059, over: 12)
    #expect(cache.count == 15)
    sweep(now: 1060, over: 12)
    #expect(cache.count == 3 && find(12, in: &cache) == 12)
    sweep(now: 1119, over: 14)
    #expect(cache.count == 3)
    sweep(now: 5000, over: 13)
    #expect(cache.count == 2)
    // A clock that is set back begins anew.
    sweep(now: 100, over: 14)
    #expect(cache.count == 1)
    sweep(now: 159, over: 15)
    #expect(cache.count == 1)
    sweep(now: 160, over: 15)
    #expect(cache.count == 0)
  }

  @Test("gives no value that does not count, and keeps none alive")
  func validity() {
    var cache = GenerationalCache<Int, Int>(capacity: 4)
    cache.insert(1, for: 1)
    #expect(cache.find(1) { $0 > 1 } == nil && cache.find(1) { $0 == 1 } == 1)
    for number in 2..<6 {
      cache.insert(number, for: number)
      #expect(cache.find(1) { $0 > 1 } == nil)
    }
    #expect(find(1, in: &cache) == nil)
  }
}
