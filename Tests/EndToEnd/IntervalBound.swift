import TestSupport
import Testing

/// Makes changes in turn, each when the one before is visible, and expects most of them to be visible within three
/// intervals.
///
/// A machine that stands still for a while makes only one of them late.
///
/// - Parameters:
///   - interval: the longest time after which a program writes or copies a change, as its setting says.
///   - change: makes the change of a number, and returns a function that tells whether it is visible.
func expectMostInTime(
  of interval: Duration, sourceLocation: SourceLocation = #_sourceLocation,
  _ change: (_ number: Int) throws -> (() throws -> Bool)
) async throws {
  let limit = interval * 3
  var waits: [Duration] = []
  // After the third late one, the others can't change the outcome.
  for number in 0..<10 where waits.count(where: { $0 > limit }) < 3 {
    let start = ContinuousClock.now
    let isVisible = try change(number)
    let isSeen = try await eventuallyTrue(within: .seconds(60), isVisible)
    #expect(isSeen, sourceLocation: sourceLocation)
    waits.append(ContinuousClock.now - start)
  }
  let late = waits.count { $0 > limit }
  #expect(late < 3, "\(waits)", sourceLocation: sourceLocation)
}
