// Where one is in the guided add.

const steps = ["Connection", "Check", "Models"] as const;

/** `current` counts from 0; 3: all done. */
export function WizardSteps({ current }: { current: number }) {
  return (
    <ol aria-label="Steps" className="flex flex-wrap gap-x-6 gap-y-2 text-sm">
      {steps.map((step, index) => (
        <li
          key={step}
          aria-current={index === current ? "step" : undefined}
          className={`flex items-center gap-2 ${index === current ? "font-medium" : "text-muted"}`}
        >
          <span
            className={`inline-flex size-6 items-center justify-center rounded-full text-xs font-medium ${index <= current ? "bg-accent text-on-accent" : "border border-line-strong"}`}
          >
            {index < current ? "✓" : index + 1}
          </span>
          {step}
          {index < current && <span className="sr-only">(done)</span>}
        </li>
      ))}
    </ol>
  );
}
