import TestSupport
import Testing

/// Makes changes in turn, each when the one before is visible, until two were visible within three intervals.
///
/// On a busy machine many come late, and of a program that waits longer than it should all do.
///
/// - Parameters:
///   - interval: the longest time after which a program writes or copies a change, as its setting says.
///   - change: makes the change of a number, and returns a function that tells whether it is visible.
func expectSomeInTime(
  of interval: Duration, sourceLocation: SourceLocation = #_sourceLocation,
  _ change: (_ number: Int) throws -> (() throws -> Bool)
) async throws {
  var waits: [Duration] = []
  for number in 0..<12 where waits.count(where: { $0 <= interval * 3 }) < 2 {
    let start = ContinuousClock.now
    let isVisible = try change(number)
    let isSeen = try await eventuallyTrue(within: .seconds(60), isVisible)
    #expect(isSeen, sourceLocation: sourceLocation)
    waits.append(ContinuousClock.now - start)
  }
  #expect(waits.count { $0 <= interval * 3 } == 2, "\(waits)", sourceLocation: sourceLocation)
}
