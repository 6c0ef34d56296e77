import Testing

/// Plays a scenario up to three times, until one was not disturbed by a machine that is too busy for what the programs
/// do within a fixed time.
///
/// - Parameter scenario: returns whether nothing disturbed it. It expects all that holds in any case by itself.
func untilUndisturbed(
  sourceLocation: SourceLocation = #_sourceLocation, _ scenario: () async throws -> Bool
) async throws {
  var isUndisturbed = false
  for _ in 0..<3 where !isUndisturbed { isUndisturbed = try await scenario() }
  #expect(isUndisturbed, "the scenario was disturbed each time", sourceLocation: sourceLocation)
}
