import NIOCore
import Testing

@testable import Gateway

@Suite("The limits of connections of one event loop")
struct PoolShareTests {
  @Test("are equal parts that add up to the whole, or one where the whole is less than the event loops")
  func parts() {
    for whole in 1...40 {
      for count in 1...12 {
        let limits = UpstreamPool.Limits(maximum: whole, kept: 41 - whole, expiry: .seconds(7))
        let parts = (0..<count).map { limits.part($0, of: count) }
        #expect(parts.reduce(0) { $0 + $1.maximum } == max(whole, count), "\(whole) over \(count)")
        #expect(parts.reduce(0) { $0 + $1.kept } == max(41 - whole, count), "\(41 - whole) over \(count)")
        for numbers in [parts.map(\.maximum), parts.map(\.kept)] {
          #expect((numbers.max() ?? 0) - (numbers.min() ?? 0) <= 1 && numbers.min() ?? 0 >= 1, "\(numbers)")
        }
        #expect(parts.allSatisfy { $0.expiry == .seconds(7) })
      }
    }
  }

  @Test("keep no connection where the whole keeps none")
  func noneKept() {
    let limits = UpstreamPool.Limits(maximum: 5, kept: 0)
    #expect((0..<3).map { limits.part($0, of: 3).kept } == [0, 0, 0])
    #expect((0..<3).map { limits.part($0, of: 3).maximum } == [2, 2, 1])
  }

  @Test("are given to the event loops one after the other")
  func turns() async throws {
    var configuration = GatewayConfiguration()
    (configuration.pool.maximum, configuration.pool.kept) = (7, 3)
    let test = try await TestGateway(configuration, loopCount: 2)
    let parts = (0..<2).map { _ in test.gateway.nextPoolLimits() }
    #expect(parts.map(\.maximum) == [4, 3] && parts.map(\.kept) == [2, 1])
  }
}
