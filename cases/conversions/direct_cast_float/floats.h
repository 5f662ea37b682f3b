double doubles(double x, double y, double z);
float floats(float x, float y);
double mixed(int i, double x, int j, double y, int k);

/* What parameter n, from 0, of the last call on this thread held. */
double saw(int n);

void *doubles_address(void);
void *floats_address(void);
void *mixed_address(void);
